import { expect, test } from '@jest/globals';
import { createServerClock } from '../../../src/stores/redis/server-clock.ts';

/** Another time than the machine's, told exactly when the answer came. */
const AHEAD_MS = 3_600_000;
/** Between two lines of a test, on a machine that has other things to do. */
const NOISE_MS = 2000;
const serverNow = () => performance.timeOrigin + performance.now() + AHEAD_MS;

test("it is the server's time, whatever the machine's is", () => {
  const clock = createServerClock();
  clock.saw(serverNow(), 0);
  expect(Math.abs(clock.now() - serverNow())).toBeLessThan(NOISE_MS);
});

test('a slow look takes nothing from what a quick one has told', () => {
  const clock = createServerClock();
  clock.saw(serverNow(), 2);
  clock.saw(serverNow(), 28_000);
  expect(clock.now() - serverNow()).toBeLessThan(NOISE_MS);
});

test('the least that it can be is never later than it is', () => {
  const clock = createServerClock();
  // Answered at the beginning and at the end of what it took.
  clock.saw(serverNow() - 10_000, 10_000);
  expect(clock.atLeast()).toBeLessThanOrEqual(serverNow());
  clock.saw(serverNow(), 25_000);
  expect(clock.atLeast()).toBeLessThanOrEqual(serverNow());
  expect(serverNow() - clock.atLeast()).toBeLessThan(10_000 + NOISE_MS);
});

test('a server whose clock is set is followed', () => {
  const clock = createServerClock();
  clock.saw(serverNow(), 2);
  for (const by of [-60_000, 60_000]) {
    clock.saw(serverNow() + by, 2);
    expect(Math.abs(clock.now() - serverNow() - by)).toBeLessThan(NOISE_MS);
  }
});
