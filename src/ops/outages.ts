import type { Clock } from '../time.ts';

/** So many outages are told of at once in so long; of one more, only when it lasts until there is room for it. */
const MOST_TOLD = 3;
const WITHIN_MS = 10_000;

export interface Outages {
  begin(why: Error): void;
  end(): void;
  /** Whether one goes on, told or not. */
  isNow(): boolean;
}

/**
 * Tells of each outage when it begins and when it is over. What comes and goes all the time is told of rarely, with how many
 * outages were left out.
 */
export function createOutages(
  clock: Clock,
  tell: { begin(why: Error, leftOut: number): void; end(): void },
): Outages {
  let current: { readonly why: Error; told: boolean } | undefined;
  let toldAt: number[] = [];
  let leftOut = 0;
  let timer: NodeJS.Timeout | undefined;

  function tellOrWait(): void {
    if (current === undefined) return;
    const now = clock.now();
    toldAt = toldAt.filter((at) => at <= now && at > now - WITHIN_MS);
    const [oldest] = toldAt;
    if (oldest !== undefined && toldAt.length >= MOST_TOLD) {
      timer = setTimeout(tellOrWait, oldest + WITHIN_MS - now).unref();
      return;
    }
    toldAt.push(now);
    current.told = true;
    tell.begin(current.why, leftOut);
    leftOut = 0;
  }

  return {
    begin(why) {
      current = { why, told: false };
      tellOrWait();
    },
    end() {
      clearTimeout(timer);
      if (current?.told === true) tell.end();
      else leftOut += 1;
      current = undefined;
    },
    isNow: () => current !== undefined,
  };
}
