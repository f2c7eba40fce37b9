import { performance } from 'node:perf_hooks';
import { systemClock, type Clock } from '../../clock.ts';

/** The server's time, as near as it was seen. */
export interface ServerClock extends Clock {
  /**
   * Takes over what the server has just said.
   *
   * @param serverNow milliseconds since the epoch
   * @param tookMs how long the question and its answer were under way
   */
  saw(serverNow: number, tookMs: number): void;
}

/**
 * Gateways whose own clocks differ by minutes agree by it. Between two looks it goes on with the machine's monotonic clock, so that a
 * step of the machine's own time moves nothing. Before the first look it is the machine's.
 */
export function createServerClock(): ServerClock {
  let offsetMs: number | undefined;
  return {
    now: () =>
      offsetMs === undefined ? systemClock.now() : Math.round(performance.now() + offsetMs),
    saw(serverNow, tookMs) {
      offsetMs = serverNow + tookMs / 2 - performance.now();
    },
  };
}
