import { expect, test } from '@jest/globals';
import { nearer } from '../../../src/stores/redis/server-clock.ts';

test('the first sight of the server is gone by', () => {
  expect(nearer(undefined, { offsetMs: 5, errorMs: 40 })).toEqual({ offsetMs: 5, errorMs: 40 });
});

test('a quicker answer is gone by, a slower one is not', () => {
  const slow = { offsetMs: 30, errorMs: 40 };
  const quick = { offsetMs: 5, errorMs: 1 };
  expect(nearer(slow, quick)).toEqual(quick);
  expect(nearer(quick, slow).offsetMs).toBe(5);
});

test('a slower answer is gone by once the clocks may have drifted further apart', () => {
  let sight = { offsetMs: 5, errorMs: 1 };
  for (let look = 0; look < 25; look++) sight = nearer(sight, { offsetMs: 6, errorMs: 3 });
  expect(sight.offsetMs).toBe(6);
});

test('an answer that cannot be reconciled shows that the server was set, however slow it was', () => {
  const before = { offsetMs: 0, errorMs: 1 };
  expect(nearer(before, { offsetMs: 60_000, errorMs: 40 }).offsetMs).toBe(60_000);
  expect(nearer(before, { offsetMs: -60_000, errorMs: 40 }).offsetMs).toBe(-60_000);
});
