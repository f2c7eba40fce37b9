import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { IdempotencyStore } from '../../src/add-contacts/ports.ts';
import { DAY_MS, T0 } from '../support/quota-rules.ts';
import type { OpenStoresUnderTest, StoresUnderTest } from '../support/stores-under-test.ts';

const LEASE_MS = 60_000;

/** What every IdempotencyStore does. */
export function describeIdempotencyStore(open: OpenStoresUnderTest): void {
  describe('an idempotency store', () => {
    let opened: StoresUnderTest;
    let store: IdempotencyStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.stores.idempotency;
    });
    afterEach(() => opened.dispose());

    const named = (id: string) => ({ appId: 'wx_a', id });
    const acquire = (id: string, now = T0, fingerprint = 'body') =>
      store.acquire(named(id), fingerprint, {
        now,
        leaseUntil: now + LEASE_MS,
        expiresAt: now + DAY_MS,
      });

    test('acquires a key that is new, and only once', async () => {
      expect(await acquire('k')).toEqual({ kind: 'acquired' });
      expect(await acquire('k')).toEqual({ kind: 'in-progress' });
    });

    test('given the same key by 50 callers at once, acquires it for exactly one', async () => {
      const kinds = (await Promise.all(Array.from({ length: 50 }, () => acquire('k')))).map(
        (one) => one.kind,
      );
      expect(kinds.filter((kind) => kind === 'acquired')).toHaveLength(1);
      expect(kinds.filter((kind) => kind === 'in-progress')).toHaveLength(49);
    });

    test('says lost from the end of the lease of a key that is not completed until the key expires', async () => {
      await acquire('k');
      expect(await acquire('k', T0 + LEASE_MS - 1)).toEqual({ kind: 'in-progress' });
      expect(await acquire('k', T0 + LEASE_MS)).toEqual({ kind: 'lost' });
      expect(await acquire('k', T0 + DAY_MS - 1)).toEqual({ kind: 'lost' });
      expect(await acquire('k', T0 + DAY_MS)).toEqual({ kind: 'acquired' });
    });

    test('replays the response, byte for byte, until the key expires', async () => {
      const answer = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      await acquire('k');
      await store.complete(named('k'), answer);
      for (const now of [T0, T0 + LEASE_MS, T0 + DAY_MS - 1]) {
        const again = await acquire('k', now);
        expect(again.kind).toBe('completed');
        expect(again.kind === 'completed' && Buffer.isBuffer(again.answer)).toBe(true);
        expect(again.kind === 'completed' && again.answer.equals(answer)).toBe(true);
      }
      expect(await acquire('k', T0 + DAY_MS)).toEqual({ kind: 'acquired' });
    });

    test('replays a response with an empty body', async () => {
      await acquire('k');
      await store.complete(named('k'), Buffer.alloc(0));
      expect((await acquire('k')).kind).toBe('completed');
    });

    test('says mismatch for another fingerprint, whatever the state of the key', async () => {
      await acquire('k');
      expect(await acquire('k', T0, 'other')).toEqual({ kind: 'mismatch' });
      expect(await acquire('k', T0 + LEASE_MS, 'other')).toEqual({ kind: 'mismatch' });
      await store.complete(named('k'), Buffer.from('answer'));
      expect(await acquire('k', T0 + DAY_MS - 1, 'other')).toEqual({ kind: 'mismatch' });
    });

    test('acquires an expired key with another fingerprint and without the old response', async () => {
      await acquire('k');
      await store.complete(named('k'), Buffer.from('answer'));
      expect(await acquire('k', T0 + DAY_MS, 'other')).toEqual({ kind: 'acquired' });
      expect(await acquire('k', T0 + DAY_MS, 'other')).toEqual({ kind: 'in-progress' });
    });

    test('acquires a released key anew, with any fingerprint', async () => {
      await acquire('k');
      await store.release(named('k'));
      expect(await acquire('k', T0, 'other')).toEqual({ kind: 'acquired' });
    });

    test('keeps a response that comes after the end of the lease', async () => {
      await acquire('k');
      expect((await acquire('k', T0 + LEASE_MS)).kind).toBe('lost');
      await store.complete(named('k'), Buffer.from('late'));
      expect((await acquire('k', T0 + LEASE_MS)).kind).toBe('completed');
    });

    test('keeps the first response, even if a second one or a release follows', async () => {
      await acquire('k');
      await store.complete(named('k'), Buffer.from('first'));
      await store.complete(named('k'), Buffer.from('second'));
      await store.release(named('k'));
      expect(await acquire('k')).toEqual({ kind: 'completed', answer: Buffer.from('first') });
    });

    test('ignores a completion or a release of a key that was not acquired', async () => {
      await store.complete(named('k'), Buffer.from('answer'));
      await store.release(named('k'));
      expect(await acquire('k')).toEqual({ kind: 'acquired' });
    });

    test('keeps two keys apart', async () => {
      await acquire('k');
      await store.complete(named('k'), Buffer.from('answer'));
      expect(await acquire('K')).toEqual({ kind: 'acquired' });
      expect((await acquire('k')).kind).toBe('completed');
    });

    test('finds unexpired keys among many expired ones', async () => {
      for (let i = 0; i < 100; i++) await acquire(`old ${i}`);
      await acquire('young', T0 + 1);
      expect(await acquire('young', T0 + DAY_MS)).toEqual({ kind: 'lost' });
      for (let i = 0; i < 100; i++) {
        expect(await acquire(`old ${i}`, T0 + DAY_MS)).toEqual({ kind: 'acquired' });
      }
    });
  });
}
