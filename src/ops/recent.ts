/**
 * What this process did in the last hours, minute by minute: how requests ended and how long the upstream took. Kept in
 * a ring of fixed size, so that recording costs the same however much happens. It is empty after a restart.
 */
import { REFUSALS, type RefusalCode } from '../errors.ts';
import type { Observer } from '../gewe/upstream.ts';
import type { Clock } from '../time.ts';

/** How far back it reaches. */
export const RECENT_MINUTES = 360;

const MINUTE_MS = 60_000;

/** How requests of clients ended: answered, refused by the gateway, failed (500 and above), or left by the caller. */
const ENDS = ['answered', 'refused', 'failed', 'left'] as const;
export type RequestEnd = (typeof ENDS)[number];

/** Some minutes together. */
export interface RecentSpan extends Readonly<Record<RequestEnd, number>> {
  /** When the span begins, milliseconds since the epoch. */
  readonly at: number;
  /** Calls to the upstream. */
  readonly calls: number;
  readonly failedCalls: number;
  /** Of calls that were answered, milliseconds; undefined if there was none. */
  readonly p50: number | undefined;
  readonly p95: number | undefined;
}

export interface Recent {
  request(record: {
    readonly status: number | undefined;
    readonly code: RefusalCode | undefined;
  }): void;
  /** Gets every call to the upstream. */
  readonly observe: Observer;
  /** The whole ring in spans of so many minutes, oldest first. The last one has the current minute. */
  spans(minutes: number): readonly RecentSpan[];
  /** The last minutes as one span. */
  last(minutes: number): RecentSpan;
}

/** Upper bounds of the histogram grow by a factor of √2: a quantile is at most a fifth off. */
const SHORTEST_MS = 5;
const STEPS = 36;
const FAILED_CALLS = ENDS.length;
const HISTOGRAM = FAILED_CALLS + 1;
const SLOTS = HISTOGRAM + STEPS;

export function createRecent({ clock }: { readonly clock: Pick<Clock, 'now'> }): Recent {
  const counts = new Uint32Array(RECENT_MINUTES * SLOTS);
  const minutes = new Float64Array(RECENT_MINUTES).fill(-1);
  const thisMinute = () => Math.floor(clock.now() / MINUTE_MS);

  function count(slot: number): void {
    const minute = thisMinute();
    const place = minute % RECENT_MINUTES;
    if (minutes[place] !== minute) {
      minutes[place] = minute;
      counts.fill(0, place * SLOTS, (place + 1) * SLOTS);
    }
    counts[place * SLOTS + slot]! += 1;
  }

  function span(first: number, length: number): RecentSpan {
    const sums = new Float64Array(SLOTS);
    for (let minute = first; minute < first + length; minute++) {
      const place = minute % RECENT_MINUTES;
      if (minutes[place] !== minute) continue;
      for (let slot = 0; slot < SLOTS; slot++) sums[slot]! += counts[place * SLOTS + slot]!;
    }
    return spanOf(first * MINUTE_MS, sums);
  }

  return {
    request: ({ status, code }) => count(ENDS.indexOf(endOf(status, code))),
    observe(_subject, { kind }, { durationMs }) {
      // The gateway ended it: it says nothing about the upstream.
      if (kind === 'aborted') return;
      count(kind === 'answered' ? HISTOGRAM + stepOf(durationMs) : FAILED_CALLS);
    },
    spans(length) {
      const first = thisMinute() - RECENT_MINUTES + 1;
      const starts = Array.from(
        { length: RECENT_MINUTES / length },
        (_, at) => first + at * length,
      );
      return starts.map((start) => span(start, length));
    },
    last: (length) => span(thisMinute() - length + 1, length),
  };
}

function endOf(status: number | undefined, code: RefusalCode | undefined): RequestEnd {
  if (status === undefined) return 'left';
  if (code !== undefined) return REFUSALS[code].status >= 500 ? 'failed' : 'refused';
  return status >= 500 ? 'failed' : 'answered';
}

function spanOf(at: number, sums: Float64Array): RecentSpan {
  const [answered = 0, refused = 0, failed = 0, left = 0, failedCalls = 0] = sums;
  const histogram = sums.subarray(HISTOGRAM);
  const timed = histogram.reduce((sum, one) => sum + one, 0);
  return {
    at,
    answered,
    refused,
    failed,
    left,
    calls: timed + failedCalls,
    failedCalls,
    p50: quantile(histogram, timed, 0.5),
    p95: quantile(histogram, timed, 0.95),
  };
}

function stepOf(durationMs: number): number {
  if (!(durationMs > SHORTEST_MS)) return 0;
  return Math.min(STEPS - 1, Math.ceil(2 * Math.log2(durationMs / SHORTEST_MS)));
}

function quantile(histogram: Float64Array, total: number, share: number): number | undefined {
  if (total === 0) return undefined;
  const wanted = share * total;
  let before = 0;
  for (const [step, count] of histogram.entries()) {
    if (count > 0 && before + count >= wanted) {
      const upper = SHORTEST_MS * 2 ** (step / 2);
      const lower = step === 0 ? 0 : upper / Math.SQRT2;
      return lower + ((upper - lower) * (wanted - before)) / count;
    }
    before += count;
  }
  return undefined;
}
