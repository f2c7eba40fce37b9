import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { ListIndex, ListStore, SavedList } from '../../src/contacts-list/ports.ts';
import { T0 } from '../support/quota-rules.ts';
import type { OpenStoresUnderTest, StoresUnderTest } from '../support/stores-under-test.ts';

/** What every ListIndex does, together with the ListStore that it describes. */
export function describeListIndex(open: OpenStoresUnderTest): void {
  describe('an index of lists', () => {
    let opened: StoresUnderTest;
    let lists: ListStore;
    let listIndex: ListIndex;
    beforeEach(async () => {
      opened = await open();
      ({ lists, listIndex } = opened.stores);
    });
    afterEach(() => opened.dispose());

    const listOf = (bytes: number, savedAt: number, source: SavedList['source'] = 'live') => {
      return { body: Buffer.alloc(bytes, '友'), savedAt, source };
    };
    const all = () => listIndex.index(undefined, 100);

    test('has the instant, the size in bytes and the source of each list', async () => {
      await lists.save('wx_b', listOf(7, T0));
      await lists.saveIfNewer('wx_a', listOf(100_000, T0 + 1, 'gewe-cache'));
      expect(await all()).toEqual([
        { appId: 'wx_a', savedAt: T0 + 1, bytes: 100_000, source: 'gewe-cache' },
        { appId: 'wx_b', savedAt: T0, bytes: 7, source: 'live' },
      ]);
    });

    test('has nothing if no list is saved', async () => {
      expect(await all()).toEqual([]);
    });

    test('follows each save', async () => {
      await lists.save('wx_a', listOf(1, T0));
      await lists.save('wx_a', listOf(2, T0 - 5, 'gewe-cache'));
      expect(await all()).toMatchObject([{ savedAt: T0 - 5, bytes: 2, source: 'gewe-cache' }]);
      await lists.saveIfNewer('wx_a', listOf(3, T0 - 5));
      expect(await all()).toMatchObject([{ savedAt: T0 - 5, bytes: 2, source: 'gewe-cache' }]);
      await lists.saveIfNewer('wx_a', listOf(4, T0));
      expect(await all()).toMatchObject([{ savedAt: T0, bytes: 4, source: 'live' }]);
    });

    test('drops a list that is forgotten', async () => {
      for (const appId of ['wx_a', 'wx_b']) await lists.save(appId, listOf(1, T0));
      await lists.forget('wx_a');
      expect(await all()).toMatchObject([{ appId: 'wx_b' }]);
    });

    test('is read in pages, in the order of appId', async () => {
      for (const appId of ['wx_b', 'wx_B', 'wx_10', 'wx_a', 'wx_9']) {
        await lists.save(appId, listOf(1, T0));
      }
      const first = await listIndex.index(undefined, 3);
      const second = await listIndex.index(first.at(-1)?.appId, 3);
      const ids = [first, second].map((page) => page.map(({ appId }) => appId));
      expect(ids).toEqual([
        ['wx_10', 'wx_9', 'wx_B'],
        ['wx_a', 'wx_b'],
      ]);
    });
  });
}
