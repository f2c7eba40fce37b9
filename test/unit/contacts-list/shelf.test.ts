import { expect, test } from '@jest/globals';
import type { ListStore, SavedList } from '../../../src/contacts-list/ports.ts';
import { createShelf } from '../../../src/contacts-list/shelf.ts';
import { memoryLists } from '../../../src/stores/memory.ts';

const listAt = (savedAt: number): SavedList => ({
  body: Buffer.from(String(savedAt)),
  savedAt,
  source: 'live',
});

const quiet = {
  onStoreError(error: unknown) {
    throw error;
  },
  onShrunk: () => undefined,
};

test('saveIfNewer saves where nothing or something older is there, and only then', async () => {
  const shelf = createShelf(memoryLists(1_000_000), quiet);
  await shelf.saveIfNewer('a', listAt(5));
  await shelf.saveIfNewer('a', listAt(4));
  expect((await shelf.load('a'))?.savedAt).toBe(5);
  await shelf.saveIfNewer('a', listAt(6));
  expect((await shelf.load('a'))?.savedAt).toBe(6);
  await shelf.save('a', listAt(1));
  expect((await shelf.load('a'))?.savedAt).toBe(1);
});

test('a store that fails finds nothing, saves nothing, and is reported each time', async () => {
  const errors: unknown[] = [];
  const broken = () => Promise.reject(new Error('the disk is gone'));
  const shelf = createShelf(
    { load: broken, save: broken, saveIfNewer: broken, forget: broken },
    { ...quiet, onStoreError: (error) => errors.push(error) },
  );
  expect(await shelf.load('a')).toBeUndefined();
  await Promise.all([shelf.save('a', listAt(1)), shelf.saveIfNewer('a', listAt(2))]);
  await shelf.save('a', listAt(3));
  expect(errors).toHaveLength(4);
});

test('a list that could not be saved has shrunk nothing', async () => {
  const store = memoryLists(1_000_000);
  await store.save('a', { ...listAt(1), body: Buffer.alloc(1000) });
  const full: ListStore = { ...store, save: () => Promise.reject(new Error('the disk is full')) };
  const shrinkages: unknown[] = [];
  const shelf = createShelf(full, {
    onStoreError: () => undefined,
    onShrunk: (shrinkage) => shrinkages.push(shrinkage),
  });

  await shelf.save('a', listAt(2));

  expect(shrinkages).toEqual([]);
});
