import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { AccountRegister } from '../../src/add-contacts/ports.ts';
import { T0 } from '../support/quota-rules.ts';
import type { OpenStoresUnderTest, StoresUnderTest } from '../support/stores-under-test.ts';

/** What every AccountRegister does. */
export function describeAccountRegister(open: OpenStoresUnderTest): void {
  describe('an account register', () => {
    let opened: StoresUnderTest;
    let accounts: AccountRegister;
    beforeEach(async () => {
      opened = await open();
      accounts = opened.stores.accounts;
    });
    afterEach(() => opened.dispose());

    async function pages(limit: number): Promise<string[][]> {
      const all: string[][] = [];
      for (let after: string | undefined; ; after = all.at(-1)?.at(-1)) {
        const page = await accounts.list(after, limit);
        if (page.length === 0) return all;
        all.push(page.map((record) => record.appId));
      }
    }

    test('finds nothing for an account that it never saw', async () => {
      expect(await accounts.find('wx_a')).toBeUndefined();
    });

    test('keeps the first instant at which an account was seen', async () => {
      for (const at of [T0, T0 + 1, T0 - 1]) await accounts.seen('wx_a', at);
      expect(await accounts.find('wx_a')).toEqual({
        appId: 'wx_a',
        declaredOnlineSince: undefined,
        firstSeenAt: T0,
      });
    });

    test('keeps the last instant that was declared', async () => {
      await accounts.declare('wx_a', T0);
      await accounts.declare('wx_a', T0 - 5);
      expect(await accounts.find('wx_a')).toEqual({
        appId: 'wx_a',
        declaredOnlineSince: T0 - 5,
        firstSeenAt: undefined,
      });
    });

    test('keeps first sight and declaration independently, whichever came first', async () => {
      await accounts.seen('wx_a', T0);
      await accounts.declare('wx_a', T0 - 5);
      await accounts.declare('wx_b', T0 - 5);
      await accounts.seen('wx_b', T0);
      for (const appId of ['wx_a', 'wx_b']) {
        expect(await accounts.find(appId)).toEqual({
          appId,
          declaredOnlineSince: T0 - 5,
          firstSeenAt: T0,
        });
      }
    });

    test('given 20 first sights at once, keeps one of their instants for good', async () => {
      await Promise.all(Array.from({ length: 20 }, (_, i) => accounts.seen('wx_a', T0 + i)));
      const first = (await accounts.find('wx_a'))?.firstSeenAt;
      await accounts.seen('wx_a', T0 + 99);
      expect((await accounts.find('wx_a'))?.firstSeenAt).toBe(first);
    });

    test('removes a declaration, says whether there was one, and keeps the first sight', async () => {
      await accounts.seen('wx_a', T0);
      await accounts.declare('wx_a', T0 - 5);
      expect(await accounts.removeDeclaration('wx_a')).toBe(true);
      expect(await accounts.removeDeclaration('wx_a')).toBe(false);
      expect(await accounts.find('wx_a')).toEqual({
        appId: 'wx_a',
        declaredOnlineSince: undefined,
        firstSeenAt: T0,
      });
    });

    test('knows nothing of an account whose only record, a declaration, was removed', async () => {
      await accounts.declare('wx_a', T0 - 5);
      expect(await accounts.removeDeclaration('wx_a')).toBe(true);
      expect(await accounts.find('wx_a')).toBeUndefined();
      expect(await accounts.list(undefined, 10)).toEqual([]);
    });

    test('keeps accounts apart that differ only in case', async () => {
      await accounts.seen('wx_a', T0);
      await accounts.seen('wx_A', T0 + 1);
      expect((await accounts.find('wx_a'))?.firstSeenAt).toBe(T0);
      expect((await accounts.find('wx_A'))?.firstSeenAt).toBe(T0 + 1);
    });

    test('lists accounts page by page in code-unit order, upper case before lower case', async () => {
      for (const appId of ['b', '_', 'a', 'B', 'a.b', '10', 'A', '9', 'aB']) {
        await accounts.seen(appId, T0);
      }
      const order = ['10', '9', 'A', 'B', '_', 'a', 'a.b', 'aB', 'b'];
      expect(await pages(100)).toEqual([order]);
      expect(await pages(4)).toEqual([order.slice(0, 4), order.slice(4, 8), order.slice(8)]);
    });

    test('given a page start that is not an account, continues with the next account', async () => {
      for (const appId of ['a', 'c']) await accounts.declare(appId, T0);
      expect(await accounts.list('b', 10)).toEqual([
        { appId: 'c', declaredOnlineSince: T0, firstSeenAt: undefined },
      ]);
    });
  });
}
