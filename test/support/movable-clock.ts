import type { Clock } from '../../src/time.ts';

export interface MovableClock extends Clock {
  /** Lets time pass. */
  advance(ms: number): void;
  /** Sets the time of day, as an operator or NTP does: no time passes by it. */
  set(at: number): void;
}

/** Stands still until it is moved. Starts at a whole second, so that dates in failures are easy to read. */
export function movableClock(start = Date.parse('2026-06-01T00:00:00Z')): MovableClock {
  let now = start;
  let passed = 0;
  return {
    now: () => now,
    monotonic: () => passed,
    set: (at) => {
      now = at;
    },
    advance: (ms) => {
      now += ms;
      passed += ms;
    },
  };
}
