import { COUNT_BUCKET_MS, type ClientCount } from '../history/ports.ts';
import type { HistoryReader } from '../history/history.ts';
import type { Clock } from '../time.ts';

/** How much a client calls, at all gateways on the store. */
export interface ClientActivity {
  readonly name: string;
  /** False for a client that was removed, or renamed. */
  readonly isConfigured: boolean;
  /** Since midnight, UTC. */
  readonly today: RequestCounts;
  /** Counted in buckets of ten minutes: this one and the 143 before it. */
  readonly last24Hours: RequestCounts;
}

export interface RequestCounts {
  readonly requests: number;
  /** By the code of the refusal; `ok` for an answer, `left` if the caller left before it. */
  readonly codes: Readonly<Record<string, number>>;
}

export interface ClientActivities {
  /**
   * Every client that is configured or has called since the beginning of both periods, in the order of their names.
   * Rejects if the store fails.
   */
  all(): Promise<readonly ClientActivity[]>;
}

interface ClientActivitiesParts {
  readonly history: Pick<HistoryReader, 'countsSince'>;
  /** The names of the clients that are configured now. */
  configured(): readonly string[];
  readonly clock: Pick<Clock, 'now'>;
}

const DAY_MS = 24 * 3_600_000;

export function createClientActivities(parts: ClientActivitiesParts): ClientActivities {
  const { history, configured, clock } = parts;
  return {
    async all() {
      const now = clock.now();
      // At least as far back as midnight, because a day is a whole number of buckets.
      const counts = await history.countsSince(firstBucket(now));
      return activitiesOf(counts, configured(), now);
    },
  };
}

/** The first of the buckets that are within the last 24 hours. */
function firstBucket(now: number): number {
  return now - (now % COUNT_BUCKET_MS) - (DAY_MS - COUNT_BUCKET_MS);
}

/** Adds up what was counted in the last 24 hours. Pure. */
function activitiesOf(
  counts: readonly ClientCount[],
  configured: readonly string[],
  now: number,
): ClientActivity[] {
  const midnight = now - (now % DAY_MS);
  const byClient = Map.groupBy(counts, ({ client }) => client);
  const names = [...new Set([...configured, ...byClient.keys()])].sort();
  const known = new Set(configured);
  return names.map((name) => {
    const own = byClient.get(name) ?? [];
    return {
      name,
      isConfigured: known.has(name),
      today: sum(own.filter(({ bucket }) => bucket >= midnight)),
      last24Hours: sum(own),
    };
  });
}

function sum(counts: readonly ClientCount[]): RequestCounts {
  const codes: Record<string, number> = {};
  let requests = 0;
  for (const { code, count } of counts) {
    codes[code] = (codes[code] ?? 0) + count;
    requests += count;
  }
  return { requests, codes };
}
