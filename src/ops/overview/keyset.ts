import { setImmediate as turn } from 'node:timers/promises';

/** Reads at most `limit` entries after `after`, in the order of appId (by code unit). */
export type ReadAfter<T> = (after: string | undefined, limit: number) => Promise<T[]>;

/** So many at once neither block a store for long nor this process. */
export const BATCH = 1000;

/** All entries after `after` in batches. Other work gets its turn between two of them. */
export async function* inBatches<T extends { readonly appId: string }>(
  read: ReadAfter<T>,
  after?: string,
): AsyncGenerator<readonly T[]> {
  for (let last = after; ;) {
    const batch = await read(last, BATCH);
    yield batch;
    if (batch.length < BATCH) return;
    last = batch.at(-1)?.appId;
    await turn();
  }
}
