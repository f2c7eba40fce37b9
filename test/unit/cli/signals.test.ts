import { describe, expect, test } from '@jest/globals';
import { isEndAtOnce } from '../../../src/cli/signals.ts';

describe('a later signal', () => {
  test.each([0, 1, 20, 999, 1000])('%d ms after the first is the same one', (ms) => {
    expect(isEndAtOnce(5000, 5000 + ms)).toBe(false);
  });

  test.each([1001, 2000, 3_600_000])('%d ms after the first asks for an end at once', (ms) => {
    expect(isEndAtOnce(5000, 5000 + ms)).toBe(true);
  });
});
