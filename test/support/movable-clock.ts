import type { Clock } from '../../src/clock.ts';

export interface MovableClock extends Clock {
  advance(ms: number): void;
  set(at: number): void;
}

/** Stands still until it is moved. Starts at a whole second, so that dates in failures are easy to read. */
export function movableClock(start = Date.parse('2026-06-01T00:00:00Z')): MovableClock {
  let now = start;
  return {
    now: () => now,
    set: (at) => {
      now = at;
    },
    advance: (ms) => {
      now += ms;
    },
  };
}
