/** Keeps what happens again and again from filling the log. */
import type { Clock } from '../time.ts';

/** At most this many outages are reported in `WITHIN_MS`. One more is reported only if it lasts until the time is up. */
const MOST_REPORTED = 3;
const WITHIN_MS = 10_000;

export interface Outages {
  begin(why: Error): void;
  end(): void;
  /** Whether there is an outage now, reported or not. */
  isNow(): boolean;
}

/**
 * Reports each outage when it begins and when it ends. If outages come and go all the time, most are left out, and the
 * next report has their number.
 */
export function createOutages(
  clock: Clock,
  report: { begin(why: Error, leftOut: number): void; end(): void },
): Outages {
  let current: { readonly why: Error; reported: boolean } | undefined;
  let reportedAt: number[] = [];
  let leftOut = 0;
  let timer: NodeJS.Timeout | undefined;

  function reportOrWait(): void {
    if (current === undefined) return;
    const now = clock.monotonic();
    reportedAt = reportedAt.filter((at) => at > now - WITHIN_MS);
    const [oldest] = reportedAt;
    if (oldest !== undefined && reportedAt.length >= MOST_REPORTED) {
      timer = setTimeout(reportOrWait, oldest + WITHIN_MS - now).unref();
      return;
    }
    reportedAt.push(now);
    current.reported = true;
    report.begin(current.why, leftOut);
    leftOut = 0;
  }

  return {
    begin(why) {
      current = { why, reported: false };
      reportOrWait();
    },
    end() {
      clearTimeout(timer);
      if (current?.reported === true) report.end();
      else leftOut += 1;
      current = undefined;
    },
    isNow: () => current !== undefined,
  };
}

/**
 * `tell`, called at most once in `everyMs` milliseconds. The first value is passed on at once; later ones are dropped
 * until the time is up. `dropped` is how many were dropped since the last one that was passed on.
 */
export function throttled<T>(
  clock: Clock,
  everyMs: number,
  tell: (value: T, dropped: number) => void,
): (value: T) => void {
  let toldAt = -Infinity;
  let dropped = 0;
  return (value) => {
    const now = clock.monotonic();
    if (now - toldAt < everyMs) {
      dropped += 1;
      return;
    }
    tell(value, dropped);
    toldAt = now;
    dropped = 0;
  };
}
