import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { SavedList } from '../../src/contacts-list/ports.ts';
import type { OpenStoresUnderTest, StoresUnderTest } from '../support/stores-under-test.ts';

function listOf(text: string, other: Partial<SavedList> = {}): SavedList {
  return { body: Buffer.from(text), savedAt: 1_767_225_600_123, source: 'live', ...other };
}

/** What every ListStore does. */
export function describeListStore(open: OpenStoresUnderTest): void {
  describe('a list store', () => {
    let opened: StoresUnderTest;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.dispose());

    test('finds nothing for an appId without a list', async () => {
      expect(await opened.stores.lists.load('wx_a')).toBeUndefined();
    });

    test('returns a saved list with its instant and source', async () => {
      const { lists } = opened.stores;
      await lists.save('wx_a', listOf('{"ret":200}', { source: 'gewe-cache' }));
      const loaded = await lists.load('wx_a');
      expect(loaded?.body.toString()).toBe('{"ret":200}');
      expect(loaded?.savedAt).toBe(1_767_225_600_123);
      expect(loaded?.source).toBe('gewe-cache');
    });

    test('returns every byte in a Buffer, even if it is not text', async () => {
      const { lists } = opened.stores;
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      await lists.save('wx_a', listOf('', { body: bytes }));
      const loaded = await lists.load('wx_a');
      expect(Buffer.isBuffer(loaded?.body)).toBe(true);
      expect(loaded?.body.toString('hex')).toBe(bytes.toString('hex'));
    });

    test('returns a large list whole', async () => {
      const { lists } = opened.stores;
      const bytes = Buffer.alloc(3_000_017, 'wxid_朋友,');
      await lists.save('wx_a', listOf('', { body: bytes }));
      expect((await lists.load('wx_a'))?.body.equals(bytes)).toBe(true);
    });

    test('given a body that is a slice of a larger buffer, keeps only the slice', async () => {
      const { lists } = opened.stores;
      const body = Buffer.from('before{"ret":200}after').subarray(6, 17);
      await lists.save('wx_a', listOf('', { body }));
      expect((await lists.load('wx_a'))?.body.toString()).toBe('{"ret":200}');
    });

    test('replaces the previous list', async () => {
      const { lists } = opened.stores;
      await lists.save('wx_a', listOf('old'));
      await lists.save('wx_a', listOf('new', { savedAt: 5, source: 'gewe-cache' }));
      const loaded = await lists.load('wx_a');
      expect([loaded?.body.toString(), loaded?.savedAt, loaded?.source]).toEqual([
        'new',
        5,
        'gewe-cache',
      ]);
    });

    test('returns the number of bytes that a save replaced', async () => {
      const { lists } = opened.stores;
      expect(await lists.save('wx_a', listOf('old'))).toEqual({ kind: 'saved', bytesBefore: 0 });
      const saved = { kind: 'saved', bytesBefore: 3 };
      expect(await lists.save('wx_a', listOf('newer'))).toEqual(saved);
      const list = listOf('newest', { savedAt: 2_000_000_000_000 });
      expect(await lists.saveIfNewer('wx_a', list)).toEqual({ kind: 'saved', bytesBefore: 5 });
    });

    test('asked to save only a newer list, keeps the saved one if it is as new', async () => {
      const { lists } = opened.stores;
      await lists.saveIfNewer('wx_a', listOf('five', { savedAt: 5 }));
      for (const savedAt of [4, 5]) {
        expect(await lists.saveIfNewer('wx_a', listOf('other', { savedAt }))).toEqual({
          kind: 'kept',
        });
      }
      expect((await lists.load('wx_a'))?.body.toString()).toBe('five');
      await lists.saveIfNewer('wx_a', listOf('six', { savedAt: 6 }));
      expect((await lists.load('wx_a'))?.body.toString()).toBe('six');
    });

    test('saves a list again after it was forgotten', async () => {
      const { lists } = opened.stores;
      await lists.save('wx_a', listOf('old'));
      await lists.forget('wx_a');
      await lists.saveIfNewer('wx_a', listOf('new', { savedAt: 1 }));
      expect((await lists.load('wx_a'))?.body.toString()).toBe('new');
      expect(await lists.forget('wx_a')).toBe(true);
      expect(await lists.forget('wx_a')).toBe(false);
    });

    test('keeps the lists of two appIds separate, even if the appIds differ only in case', async () => {
      const { lists } = opened.stores;
      await lists.save('wx_a', listOf('small'));
      await lists.save('wx_A', listOf('large'));
      expect((await lists.load('wx_a'))?.body.toString()).toBe('small');
      expect((await lists.load('wx_A'))?.body.toString()).toBe('large');
    });

    test('forgets one list, says that there was one, and keeps the others', async () => {
      const { lists } = opened.stores;
      await lists.save('wx_a', listOf('a'));
      await lists.save('wx_b', listOf('b'));
      expect(await lists.forget('wx_a')).toBe(true);
      expect(await lists.load('wx_a')).toBeUndefined();
      expect((await lists.load('wx_b'))?.body.toString()).toBe('b');
    });

    test('asked to forget a list that does not exist, says that there was none', async () => {
      expect(await opened.stores.lists.forget('wx_a')).toBe(false);
    });
  });
}
