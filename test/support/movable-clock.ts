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
  // As in a process that has been running for a while: lru-cache takes 0 for no instant at all.
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
