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
    const begin = (id: string, now = T0, fingerprint = 'body') =>
      store.begin(named(id), fingerprint, {
        now,
        leaseUntil: now + LEASE_MS,
        expiresAt: now + DAY_MS,
      });

    test('begins a key that is new, and only once', async () => {
      expect(await begin('k')).toEqual({ kind: 'begun' });
      expect(await begin('k')).toEqual({ kind: 'in-progress' });
    });

    test('given the same key by 50 callers at once, begins it for exactly one', async () => {
      const kinds = (await Promise.all(Array.from({ length: 50 }, () => begin('k')))).map(
        (one) => one.kind,
      );
      expect(kinds.filter((kind) => kind === 'begun')).toHaveLength(1);
      expect(kinds.filter((kind) => kind === 'in-progress')).toHaveLength(49);
    });

    test('says lost from the end of the lease of an unfinished key until the key expires', async () => {
      await begin('k');
      expect(await begin('k', T0 + LEASE_MS - 1)).toEqual({ kind: 'in-progress' });
      expect(await begin('k', T0 + LEASE_MS)).toEqual({ kind: 'lost' });
      expect(await begin('k', T0 + DAY_MS - 1)).toEqual({ kind: 'lost' });
      expect(await begin('k', T0 + DAY_MS)).toEqual({ kind: 'begun' });
    });

    test('replays the response, byte for byte, until the key expires', async () => {
      const answer = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      await begin('k');
      await store.finish(named('k'), answer);
      for (const now of [T0, T0 + LEASE_MS, T0 + DAY_MS - 1]) {
        const again = await begin('k', now);
        expect(again.kind).toBe('finished');
        expect(again.kind === 'finished' && Buffer.isBuffer(again.answer)).toBe(true);
        expect(again.kind === 'finished' && again.answer.equals(answer)).toBe(true);
      }
      expect(await begin('k', T0 + DAY_MS)).toEqual({ kind: 'begun' });
    });

    test('replays a response with an empty body', async () => {
      await begin('k');
      await store.finish(named('k'), Buffer.alloc(0));
      expect((await begin('k')).kind).toBe('finished');
    });

    test('says mismatch for another fingerprint, whatever the state of the key', async () => {
      await begin('k');
      expect(await begin('k', T0, 'other')).toEqual({ kind: 'mismatch' });
      expect(await begin('k', T0 + LEASE_MS, 'other')).toEqual({ kind: 'mismatch' });
      await store.finish(named('k'), Buffer.from('answer'));
      expect(await begin('k', T0 + DAY_MS - 1, 'other')).toEqual({ kind: 'mismatch' });
    });

    test('begins an expired key with another fingerprint and without the old response', async () => {
      await begin('k');
      await store.finish(named('k'), Buffer.from('answer'));
      expect(await begin('k', T0 + DAY_MS, 'other')).toEqual({ kind: 'begun' });
      expect(await begin('k', T0 + DAY_MS, 'other')).toEqual({ kind: 'in-progress' });
    });

    test('begins an abandoned key anew, with any fingerprint', async () => {
      await begin('k');
      await store.abandon(named('k'));
      expect(await begin('k', T0, 'other')).toEqual({ kind: 'begun' });
    });

    test('keeps a response that comes after the end of the lease', async () => {
      await begin('k');
      expect((await begin('k', T0 + LEASE_MS)).kind).toBe('lost');
      await store.finish(named('k'), Buffer.from('late'));
      expect((await begin('k', T0 + LEASE_MS)).kind).toBe('finished');
    });

    test('keeps the first response, even if a second one or an abandon follows', async () => {
      await begin('k');
      await store.finish(named('k'), Buffer.from('first'));
      await store.finish(named('k'), Buffer.from('second'));
      await store.abandon(named('k'));
      expect(await begin('k')).toEqual({ kind: 'finished', answer: Buffer.from('first') });
    });

    test('ignores a finish or an abandon for a key that was not begun', async () => {
      await store.finish(named('k'), Buffer.from('answer'));
      await store.abandon(named('k'));
      expect(await begin('k')).toEqual({ kind: 'begun' });
    });

    test('keeps two keys apart', async () => {
      await begin('k');
      await store.finish(named('k'), Buffer.from('answer'));
      expect(await begin('K')).toEqual({ kind: 'begun' });
      expect((await begin('k')).kind).toBe('finished');
    });

    test('finds unexpired keys among many expired ones', async () => {
      for (let i = 0; i < 100; i++) await begin(`old ${i}`);
      await begin('young', T0 + 1);
      expect(await begin('young', T0 + DAY_MS)).toEqual({ kind: 'lost' });
      for (let i = 0; i < 100; i++) {
        expect(await begin(`old ${i}`, T0 + DAY_MS)).toEqual({ kind: 'begun' });
      }
    });
  });
}
