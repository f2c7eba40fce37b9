import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { Ledger } from '../../src/add-contacts/ports.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { DAY_MS, quotaRule, T0, entryOf, chargedOf } from '../support/quota-rules.ts';
import { actionAt, fetchAt, refusalAt } from './history-store.contract.ts';
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

    test('still have what happened', async () => {
      const { entryId } = chargedOf(await charge(opened.stores.ledger, T0));
      const { history } = opened.stores;
      await history.complete('wx_a', entryId, { kind: 'sent', ret: 200 });
      await history.addRefusals([refusalAt(T0 + 1)]);
      await history.addAction(actionAt(T0));
      await history.addFetches([fetchAt(T0)]);
      await history.addCounts([{ client: 'crm', code: 'ok', bucket: T0, count: 2 }]);
      const { history: read } = await reopen();
      await read.addRefusals([refusalAt(T0 + 2)]);
      const page = { after: undefined, limit: 10 };
      expect(await read.attempts('wx_a', page)).toMatchObject([
        { at: T0 + 1, count: 2 },
        { id: entryId, outcome: { kind: 'sent', ret: 200 } },
      ]);
      expect(await read.actions('wx_a', page)).toMatchObject([actionAt(T0)]);
      expect(await read.fetches('wx_a')).toEqual([fetchAt(T0)]);
      expect(await read.activity(undefined, 10)).toMatchObject([
        { lastAttemptAt: T0 + 2, refused: { count: 2 }, lastFetch: { at: T0 } },
      ]);
      expect(await read.countsSince(T0)).toMatchObject([{ count: 2 }]);
    });

    test('still index the saved lists, and give later attempts higher ids', async () => {
      await opened.stores.lists.save('wx_a', {
        body: Buffer.alloc(9),
        savedAt: T0,
        source: 'live',
      });
      await opened.stores.history.begin(entryOf());
      await opened.stores.history.addRefusals([refusalAt(T0)]);
      const { history, listIndex } = await reopen();
      expect(await listIndex.index(undefined, 10)).toEqual([
        { appId: 'wx_a', savedAt: T0, bytes: 9, source: 'live' },
      ]);
      const id = await history.begin(entryOf());
      const [newest] = await history.attempts('wx_a', { after: undefined, limit: 1 });
      expect(newest?.id).toBe(id);
    });
  });
}
