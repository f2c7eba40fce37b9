import { describe, expect, test } from '@jest/globals';
import { isEndAtOnce } from '../../../src/cli/signals.ts';

describe('a later signal', () => {
  test.each([0, 1, 20, 999, 1000])('%d ms after the first belongs to the same stop', (ms) => {
    expect(isEndAtOnce(5000, 5000 + ms)).toBe(false);
  });

  test.each([1001, 2000, 3_600_000])('%d ms after the first ends the process at once', (ms) => {
    expect(isEndAtOnce(5000, 5000 + ms)).toBe(true);
  });
});
