import { COUNT_BUCKET_MS, type ClientCount } from './ports.ts';

/** Counts requests of clients until they are taken. Every request comes here, so nothing is made but a number. */
export interface Tally {
  /** @param now milliseconds since the epoch */
  count(client: string, code: string, now: number): void;
  /** Gives what was counted since the last time, and begins again. */
  take(): ClientCount[];
}

export function createTally(): Tally {
  let taken: ClientCount[] = [];
  let bucket = -1;
  let clients = new Map<string, Map<string, number>>();

  function closeBucket(): void {
    for (const [client, codes] of clients) {
      for (const [code, count] of codes) taken.push({ client, code, bucket, count });
    }
    clients = new Map();
  }

  return {
    count(client, code, now) {
      const current = now - (now % COUNT_BUCKET_MS);
      if (current !== bucket) {
        closeBucket();
        bucket = current;
      }
      const codes = clients.get(client) ?? new Map<string, number>();
      if (codes.size === 0) clients.set(client, codes);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    },
    take() {
      closeBucket();
      const counts = taken;
      taken = [];
      return counts;
    },
  };
}
