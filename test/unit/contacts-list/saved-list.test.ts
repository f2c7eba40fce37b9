import { expect, test } from '@jest/globals';
import type { SavedList } from '../../../src/contacts-list/ports.ts';
import { ageSeconds, hasShrunk, isYounger } from '../../../src/contacts-list/saved-list.ts';

const list: SavedList = { body: Buffer.from('{}'), savedAt: 10_000, source: 'live' };

test.each([
  [10_000, 0],
  [10_999, 0],
  [11_000, 1],
  [9_000, 0],
])('at %d a list of 10000 is %d seconds old', (now, seconds) => {
  expect(ageSeconds(list, now)).toBe(seconds);
});

test('a list is younger than a time until it is exactly that old', () => {
  expect(isYounger(list, 5000, 14_999)).toBe(true);
  expect(isYounger(list, 5000, 15_000)).toBe(false);
  expect(isYounger(list, 0, 10_000)).toBe(false);
});

test('a list from after now, since a clock was set back, is not young', () => {
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
