import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KeySetStore } from '../../src/auth/issuers/ports.ts';
import { T0 } from '../support/quota-rules.ts';
import type { OpenStoresUnderTest, StoresUnderTest } from '../support/stores-under-test.ts';

const SOURCE = 'discovery:https://id.example.com';

/** What every KeySetStore does. */
export function describeKeySetStore(open: OpenStoresUnderTest): void {
  describe('a store of key sets', () => {
    let opened: StoresUnderTest;
    let store: KeySetStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.stores.issuerKeys;
    });
    afterEach(() => opened.dispose());

    const keySet = (kid: string, fetchedAt = T0) => ({
      keys: JSON.stringify({ keys: [{ kty: 'OKP', kid }] }),
      fetchedAt,
    });

    test('loads nothing for a source that was never saved', async () => {
      expect(await store.load(SOURCE)).toBeUndefined();
    });

    test('loads what was saved, to the letter', async () => {
      await store.save(SOURCE, keySet('ключ-密钥-\u0000-"'));
      expect(await store.load(SOURCE)).toEqual(keySet('ключ-密钥-\u0000-"'));
    });

    test('replaces what was saved before, even by keys of an earlier instant', async () => {
      await store.save(SOURCE, keySet('a'));
      await store.save(SOURCE, keySet('b', T0 - 1));
      expect(await store.load(SOURCE)).toEqual(keySet('b', T0 - 1));
    });

    test('keeps a key set of a mebibyte', async () => {
      const large = keySet('k'.repeat(1024 * 1024));
      await store.save(SOURCE, large);
      expect(await store.load(SOURCE)).toEqual(large);
    });

    test('keeps the sources apart, also those that differ only in a slash', async () => {
      await store.save(SOURCE, keySet('a'));
      await store.save(`${SOURCE}/`, keySet('b'));
      expect(await store.load(SOURCE)).toEqual(keySet('a'));
      expect(await store.load(`${SOURCE}/`)).toEqual(keySet('b'));
    });
  });
}
