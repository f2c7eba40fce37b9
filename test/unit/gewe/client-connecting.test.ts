import { expect, test } from '@jest/globals';
import { connectOptions } from '../../../src/gewe/client.ts';

const timeoutMs = (deadlineMs: number) => connectOptions(deadlineMs).autoSelectFamilyAttemptTimeout;

test('an address has time for a first packet that is sent again after a second', () => {
  expect(timeoutMs(30_000)).toBeGreaterThanOrEqual(1_500);
});

test('a list from the second address comes within its seven seconds', () => {
  expect(timeoutMs(Infinity)).toBeLessThan(3_500);
});

test.each([1, 2, 201, 1_000, 2_999])(
  'an address leaves the next one half of a deadline of %d ms, in whole milliseconds',
  (deadlineMs) => {
    expect(timeoutMs(deadlineMs)).toBe(Math.ceil(deadlineMs / 2));
  },
);
