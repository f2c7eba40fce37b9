import { performance } from 'node:perf_hooks';
import { systemClock, type Clock } from '../../time.ts';

/** The server's time, as exactly as it is known. */
export interface ServerClock extends Clock {
  /** By how much `now` may be behind the server's time, milliseconds. */
  mayLagMs(): number;
  /** The earliest that the server's time can be now, milliseconds since the epoch. */
  atLeast(): number;
  /**
   * Takes over the time that the server has just answered.
   *
   * @param serverNow milliseconds since the epoch
   * @param tookMs how long the round trip took
   */
  saw(serverNow: number, tookMs: number): void;
}

/** How far two clocks may drift apart between two answers, a second apart, while one of them is being adjusted. */
const DRIFT_MS = 1;

/**
 * With it, gateways agree on the time even if their own clocks differ by minutes. Between two answers it continues with the
 * machine's monotonic clock, so that setting the machine's clock changes nothing. Before the first answer it is the machine's.
 *
 * It is not known when during a round trip the server read its clock, so each answer gives an interval for the offset to the
 * monotonic clock. Their intersection soon becomes narrow, and a slow answer does not widen it.
 */
export function createServerClock(): ServerClock {
  let span: { readonly least: number; readonly most: number } | undefined;
  return {
    now: () =>
      span === undefined
        ? systemClock.now()
        : Math.round(performance.now() + (span.least + span.most) / 2),
    monotonic: systemClock.monotonic,
    // One more for rounding on both sides.
    mayLagMs: () => (span === undefined ? 0 : Math.ceil((span.most - span.least) / 2) + 1),
    atLeast: () =>
      span === undefined ? systemClock.now() : Math.floor(performance.now() + span.least),
    saw(serverNow, tookMs) {
      const heard = performance.now();
      const seen = { least: serverNow - heard, most: serverNow + tookMs - heard };
      const least = Math.max(seen.least, (span?.least ?? -Infinity) - DRIFT_MS);
      const most = Math.min(seen.most, (span?.most ?? Infinity) + DRIFT_MS);
      // No intersection: a clock was set.
      span = least <= most ? { least, most } : seen;
    },
  };
}
