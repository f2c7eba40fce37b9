import { expect, test } from '@jest/globals';
import type { ListStore, SavedList } from '../../../src/contacts-list/ports.ts';
import { containFaults } from '../../../src/contacts-list/faults.ts';
import {
  ageSeconds,
  createSavedLists,
  hasShrunk,
  isYounger,
} from '../../../src/contacts-list/saved-lists.ts';
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
const faults = containFaults((error) => {
  throw error;
});

test('saveIfNewer saves only if there is no list or an older one', async () => {
  const lists = createSavedLists(memoryLists(1_000_000), quiet, faults);
  await lists.saveIfNewer('a', listAt(5));
  await lists.saveIfNewer('a', listAt(4));
  expect((await lists.load('a'))?.savedAt).toBe(5);
  await lists.saveIfNewer('a', listAt(6));
  expect((await lists.load('a'))?.savedAt).toBe(6);
  await lists.save('a', listAt(1));
  expect((await lists.load('a'))?.savedAt).toBe(1);
});

test('a store that fails finds nothing, saves nothing, and is reported each time', async () => {
  const errors: unknown[] = [];
  const broken = () => Promise.reject(new Error('the disk is gone'));
  const lists = createSavedLists(
    { load: broken, save: broken, saveIfNewer: broken, forget: broken },
    { ...quiet, onStoreError: (error) => errors.push(error) },
    faults,
  );
  expect(await lists.load('a')).toBeUndefined();
  await Promise.all([lists.save('a', listAt(1)), lists.saveIfNewer('a', listAt(2))]);
  await lists.save('a', listAt(3));
  expect(errors).toHaveLength(4);
});

test('a list that could not be saved does not count as having shrunk', async () => {
  const store = memoryLists(1_000_000);
  await store.save('a', { ...listAt(1), body: Buffer.alloc(1000) });
  const full: ListStore = { ...store, save: () => Promise.reject(new Error('the disk is full')) };
  const shrinkages: unknown[] = [];
  const lists = createSavedLists(
    full,
    {
      onStoreError: () => undefined,
      onShrunk: (shrinkage) => shrinkages.push(shrinkage),
    },
    faults,
  );

  await lists.save('a', listAt(2));

  expect(shrinkages).toEqual([]);
});

const list: SavedList = { body: Buffer.from('{}'), savedAt: 10_000, source: 'live' };

test.each([
  [10_000, 0],
  [10_999, 0],
  [11_000, 1],
  [9_000, 0],
])('at %d a list of 10000 is %d seconds old', (now, seconds) => {
  expect(ageSeconds(list, now)).toBe(seconds);
});

test('a list is younger than a duration until it is exactly that old', () => {
  expect(isYounger(list, 5000, 14_999)).toBe(true);
  expect(isYounger(list, 5000, 15_000)).toBe(false);
  expect(isYounger(list, 0, 10_000)).toBe(false);
});

test('a list from the future is not young, because the clock was set back', () => {
  expect(isYounger(list, 5000, 9_999)).toBe(false);
});

test.each([
  [100, false],
  [11, false],
  [10, true],
  [1, true],
])('a list of 100 bytes that becomes one of %d has shrunk: %s', (bytes, expected) => {
  expect(hasShrunk(100, bytes)).toBe(expected);
});
