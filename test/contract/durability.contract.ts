import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { Ledger } from '../../src/add-contacts/ports.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { DAY_MS, quotaRule, T0, entryOf, chargedOf } from '../support/quota-rules.ts';
import type { OpenStoresUnderTest, StoresUnderTest } from '../support/stores-under-test.ts';

/** What every store does that is kept after the process ends. */
export function describeDurability(open: OpenStoresUnderTest): void {
  describe('stores that were closed and opened again', () => {
    let opened: StoresUnderTest;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.dispose());

    async function reopen(): Promise<Stores> {
      if (opened.reopen === undefined) throw new Error('these stores do not outlive the process');
      return opened.reopen();
    }

    function charge(ledger: Ledger, at: number) {
      opened.clock.set(at);
      return ledger.charge('wx_a', { kind: 'add', target: 'ann' }, [quotaRule(1)], entryOf());
    }

    test('still have the saved list', async () => {
      const body = Buffer.from([0, 255, 128]);
      await opened.stores.lists.save('wx_a', { body, savedAt: T0, source: 'live' });
      const loaded = await (await reopen()).lists.load('wx_a');
      expect(loaded?.body.equals(body)).toBe(true);
      expect([loaded?.savedAt, loaded?.source]).toEqual([T0, 'live']);
    });

    test('still count earlier charges, and can refund them', async () => {
      const charged = await charge(opened.stores.ledger, T0);
      const { ledger } = await reopen();
      expect((await charge(ledger, T0 + 1)).kind).toBe('refused');
      await ledger.refund('wx_a', chargedOf(charged));
      expect((await charge(ledger, T0 + 1)).kind).toBe('charged');
    });

    test('still know since when accounts are online', async () => {
      await opened.stores.accounts.seen('wx_a', T0);
      await opened.stores.accounts.declare('wx_a', T0 - 1);
      expect(await (await reopen()).accounts.find('wx_a')).toEqual({
        appId: 'wx_a',
        declaredOnlineSince: T0 - 1,
        firstSeenAt: T0,
      });
    });

    test('still have the keys of an issuer', async () => {
      const keySet = { keys: '{"keys":[]}', fetchedAt: T0 };
      await opened.stores.issuerKeys.save('jwks:https://id.example.com/keys', keySet);
      const { issuerKeys } = await reopen();
      expect(await issuerKeys.load('jwks:https://id.example.com/keys')).toEqual(keySet);
    });

    test('still replay the first response for a key, and do not begin an unfinished key anew', async () => {
      const times = { now: T0, leaseUntil: T0 + 60_000, expiresAt: T0 + DAY_MS };
      await opened.stores.idempotency.acquire({ appId: 'wx_a', id: 'done' }, 'body', times);
      await opened.stores.idempotency.complete(
        { appId: 'wx_a', id: 'done' },
        Buffer.from('answer'),
      );
      await opened.stores.idempotency.acquire({ appId: 'wx_a', id: 'open' }, 'body', times);
      const { idempotency } = await reopen();
      expect(await idempotency.acquire({ appId: 'wx_a', id: 'done' }, 'body', times)).toEqual({
        kind: 'completed',
        answer: Buffer.from('answer'),
      });
      const { kind } = await idempotency.acquire({ appId: 'wx_a', id: 'open' }, 'body', times);
      expect(['in-progress', 'lost']).toContain(kind);
    });
  });
}
