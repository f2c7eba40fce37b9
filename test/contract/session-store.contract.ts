import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { LONGEST_SESSION_MS, type SessionStore, type SigningKey } from '../../src/auth/ports.ts';
import { T0 } from '../support/quota-rules.ts';
import type { OpenStoresUnderTest, StoresUnderTest } from '../support/stores-under-test.ts';

const key = (id: string, createdAt = T0): SigningKey => ({ id, secret: `secret-${id}`, createdAt });
const ids = (keys: readonly SigningKey[]) => keys.map(({ id }) => id);

/** What every SessionStore does. */
export function describeSessionStore(open: OpenStoresUnderTest): void {
  describe('a session store', () => {
    let opened: StoresUnderTest;
    let sessions: SessionStore;
    beforeEach(async () => {
      opened = await open();
      sessions = opened.stores.sessions;
    });
    afterEach(() => opened.dispose());

    test('has no signing key until it is offered one', async () => {
      expect(await sessions.signingKeys()).toEqual([]);
      await sessions.signingKeys(key('a'));
      expect(ids(await sessions.signingKeys())).toEqual(['a']);
    });

    test('keeps the first signing key that it is offered, and no later one', async () => {
      const all = await Promise.all(['a', 'b', 'c'].map((id) => sessions.signingKeys(key(id))));
      const [first] = all.flatMap(ids);
      expect(all.map(ids)).toEqual([[first], [first], [first]]);
      expect(ids(await sessions.signingKeys(key('d')))).toEqual([first]);
    });

    test('returns a signing key as it was given', async () => {
      expect(await sessions.signingKeys(key('a'))).toMatchObject([key('a')]);
    });

    test('puts the key of a rotation first, and says until when the one before is accepted', async () => {
      await sessions.signingKeys(key('a'));
      await sessions.rotateKey(key('b', T0 + 1), T0 + 1000);
      const [newest, old] = await sessions.signingKeys(key('c'));
      expect(newest).toMatchObject(key('b', T0 + 1));
      expect(newest?.retiresAt).toBeUndefined();
      expect(old).toMatchObject({ ...key('a'), retiresAt: T0 + 1000 });
    });

    test('a second rotation does not prolong the life of the oldest key, and drops those that are retired', async () => {
      await sessions.signingKeys(key('a'));
      await sessions.rotateKey(key('b', T0 + 1), T0 + 1000);
      await sessions.rotateKey(key('c', T0 + 2), T0 + 5000);
      const retiresAt = (await sessions.signingKeys(key('x'))).map((one) => one.retiresAt);
      expect(retiresAt).toEqual([undefined, T0 + 5000, T0 + 1000]);
      await sessions.rotateKey(key('d', T0 + 1000), T0 + 9000);
      expect(ids(await sessions.signingKeys(key('x')))).toEqual(['d', 'c', 'b']);
    });

    test('knows nothing of subjects whose sessions were never ended', async () => {
      expect(await sessions.endedUntil('crm', 'alice')).toBe(-Infinity);
      expect(await sessions.endedUntil('crm', undefined)).toBe(-Infinity);
    });

    test('an end of one subject is no end of another, of another client, or of the client itself', async () => {
      await sessions.end('crm', 'alice', T0);
      expect(await sessions.endedUntil('crm', 'alice')).toBe(T0);
      expect(await sessions.endedUntil('crm', 'bob')).toBe(-Infinity);
      expect(await sessions.endedUntil('crm', undefined)).toBe(-Infinity);
      expect(await sessions.endedUntil('crm2', 'alice')).toBe(-Infinity);
    });

    test('an end of a client is one of all its subjects', async () => {
      await sessions.end('crm', 'alice', T0);
      await sessions.end('crm', undefined, T0 + 5);
      expect(await sessions.endedUntil('crm', 'alice')).toBe(T0 + 5);
      expect(await sessions.endedUntil('crm', 'bob')).toBe(T0 + 5);
      expect(await sessions.endedUntil('crm', undefined)).toBe(T0 + 5);
    });

    test('keeps the latest of several ends, in whichever order they come', async () => {
      for (const at of [T0, T0 + 9, T0 + 3]) await sessions.end('crm', 'alice', at);
      expect(await sessions.endedUntil('crm', 'alice')).toBe(T0 + 9);
    });

    test('keeps an end as long as a session can live', async () => {
      await sessions.end('crm', 'alice', T0);
      await sessions.end('crm', 'bob', T0 + LONGEST_SESSION_MS - 1);
      expect(await sessions.endedUntil('crm', 'alice')).toBe(T0);
    });

    test('keeps keys and ends over a restart', async () => {
      if (opened.reopen === undefined) return;
      await sessions.signingKeys(key('a'));
      await sessions.end('crm', 'alice', T0);
      const again = (await opened.reopen()).sessions;
      expect(ids(await again.signingKeys(key('b')))).toEqual(['a']);
      expect(await again.endedUntil('crm', 'alice')).toBe(T0);
    });
  });
}
