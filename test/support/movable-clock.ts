import type { Clock } from '../../src/time.ts';

export interface MovableClock extends Clock {
  /** Advances the time. */
  advance(ms: number): void;
  /** Sets the system clock, as an operator or NTP does. The monotonic clock does not change. */
  set(at: number): void;
}

/** Stands still until a test moves it. Starts at a whole second, so that dates in failures are easy to read. */
export function movableClock(start = Date.parse('2026-06-01T00:00:00Z')): MovableClock {
  let now = start;
  // As in a process that has been running for a while: lru-cache treats the instant 0 as missing.
  let passed = 1000;
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
