import { expect, test } from '@jest/globals';
import { connectOptions } from '../../../src/gewe/client.ts';

const timeoutMs = (deadlineMs: number) => connectOptions(deadlineMs).autoSelectFamilyAttemptTimeout;

test('an address has enough time for a first packet repeated after a second', () => {
  expect(timeoutMs(30_000)).toBeGreaterThanOrEqual(1_500);
});

test('a list from the second address arrives within its deadline of seven seconds', () => {
  expect(timeoutMs(Infinity)).toBeLessThan(3_500);
});

test.each([1, 2, 201, 1_000, 2_999])(
  'an address gets half of a deadline of %d ms, rounded up to whole milliseconds',
  (deadlineMs) => {
    expect(timeoutMs(deadlineMs)).toBe(Math.ceil(deadlineMs / 2));
  },
);
