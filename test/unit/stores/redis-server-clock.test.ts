import { expect, test } from '@jest/globals';
import { createServerClock } from '../../../src/stores/redis/server-clock.ts';

/** A time other than the machine's. */
const AHEAD_MS = 3_600_000;
/** The time between two lines of a test on a busy machine. */
const NOISE_MS = 2000;
const serverNow = () => performance.timeOrigin + performance.now() + AHEAD_MS;

test('the clock shows the time of the server, whatever the clock of the machine', () => {
  const clock = createServerClock();
  clock.saw(serverNow(), 0);
  expect(Math.abs(clock.now() - serverNow())).toBeLessThan(NOISE_MS);
});

test('a slow reading after a quick one does not make the clock less exact', () => {
  const clock = createServerClock();
  clock.saw(serverNow(), 2);
  clock.saw(serverNow(), 28_000);
  expect(clock.now() - serverNow()).toBeLessThan(NOISE_MS);
});

test('the lower bound of the clock is never later than the time of the server', () => {
  const clock = createServerClock();
  // Read at the beginning, and at the end, of the round trip.
  clock.saw(serverNow() - 10_000, 10_000);
  expect(clock.atLeast()).toBeLessThanOrEqual(serverNow());
  clock.saw(serverNow(), 25_000);
  expect(clock.atLeast()).toBeLessThanOrEqual(serverNow());
  expect(serverNow() - clock.atLeast()).toBeLessThan(10_000 + NOISE_MS);
});

test("the clock follows a change of the server's clock", () => {
  const clock = createServerClock();
  clock.saw(serverNow(), 2);
  for (const by of [-60_000, 60_000]) {
    clock.saw(serverNow() + by, 2);
    expect(Math.abs(clock.now() - serverNow() - by)).toBeLessThan(NOISE_MS);
  }
});
