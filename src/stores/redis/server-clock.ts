import { performance } from 'node:perf_hooks';
import { systemClock, type Clock } from '../../time.ts';

/** The server's time, as near as it was seen. */
export interface ServerClock extends Clock {
  /** By how much `now` may be behind the server's time, milliseconds. */
  mayLagMs(): number;
  /** The least that the server's time can be now, milliseconds since the epoch. */
  atLeast(): number;
  /**
   * Takes over what the server has just said.
   *
   * @param serverNow milliseconds since the epoch
   * @param tookMs how long the question and its answer were under way
   */
  saw(serverNow: number, tookMs: number): void;
}

/** How far two clocks may part between two looks, a second after each other, when somebody sets one of them gently. */
const DRIFT_MS = 1;

/**
 * Gateways whose own clocks differ by minutes agree by it. Between two looks it goes on with the machine's monotonic clock, so that a
 * step of the machine's own time moves nothing. Before the first look it is the machine's.
 *
 * When in its course a question was answered is not known. Each look leaves a span for what must be added to the monotonic clock; what
 * all looks have in common is narrow soon, and a slow look takes nothing from it.
 */
export function createServerClock(): ServerClock {
  let span: { readonly least: number; readonly most: number } | undefined;
  return {
    now: () =>
      span === undefined
        ? systemClock.now()
        : Math.round(performance.now() + (span.least + span.most) / 2),
    monotonic: systemClock.monotonic,
    // One more for the rounding of either side.
    mayLagMs: () => (span === undefined ? 0 : Math.ceil((span.most - span.least) / 2) + 1),
    atLeast: () =>
      span === undefined ? systemClock.now() : Math.floor(performance.now() + span.least),
    saw(serverNow, tookMs) {
      const heard = performance.now();
      const seen = { least: serverNow - heard, most: serverNow + tookMs - heard };
      const least = Math.max(seen.least, (span?.least ?? -Infinity) - DRIFT_MS);
      const most = Math.min(seen.most, (span?.most ?? Infinity) + DRIFT_MS);
      // Nothing in common: it was set.
      span = least <= most ? { least, most } : seen;
    },
  };
}
