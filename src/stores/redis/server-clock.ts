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

/** How far the server is ahead of the monotonic clock, and by how much that may be wrong, in milliseconds. */
export interface Sight {
  readonly offsetMs: number;
  readonly errorMs: number;
}

/** Two machines' clocks drift apart by less than this between two looks, in milliseconds. */
const DRIFT_MS = 0.1;

/**
 * Which of two sights to go by. A question that took long, mostly because this process was busy, says little; but one that cannot be
 * reconciled with the other shows that the server's clock was set.
 */
export function nearer(before: Sight | undefined, now: Sight): Sight {
  if (before === undefined) return now;
  const aged = { ...before, errorMs: before.errorMs + DRIFT_MS };
  const disagree = Math.abs(now.offsetMs - aged.offsetMs) > now.errorMs + aged.errorMs;
  return disagree || now.errorMs <= aged.errorMs ? now : aged;
}

/**
 * Gateways whose own clocks differ by minutes agree by it. Between two looks it goes on with the machine's monotonic clock, so that a
 * step of the machine's own time moves nothing. Before the first look it is the machine's.
 */
export function createServerClock(): ServerClock {
  let sight: Sight | undefined;
  return {
    now: () =>
      sight === undefined ? systemClock.now() : Math.round(performance.now() + sight.offsetMs),
    saw(serverNow, tookMs) {
      const offsetMs = serverNow + tookMs / 2 - performance.now();
      sight = nearer(sight, { offsetMs, errorMs: tookMs / 2 });
    },
  };
}
