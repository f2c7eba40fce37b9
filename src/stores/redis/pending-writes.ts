import { performance } from 'node:perf_hooks';
import { SILENCE_MS } from './connection.ts';

/** Writes that Redis did not take while it was away. */
export interface PendingWrites {
  /** Makes the write as soon as Redis takes it. A later write of the same name replaces it. */
  add(name: string, write: () => Promise<void>): void;
  /** Tries them all now. Those that Redis still does not take stay pending. */
  flush(): void;
  /** Tries once more, and gives up those that fail. */
  close(): Promise<void>;
}

/** For a command, which does not go on without its writes. */
export const NEVER_PENDING: PendingWrites = {
  add(name) {
    throw new Error(`Redis did not take ${name}`);
  },
  flush: () => undefined,
  close: async () => undefined,
};

interface PendingWrite {
  write(): Promise<void>;
  readonly since: number;
}

/** Each is small, and it takes a long outage to have so many. Beyond it the oldest are dropped. */
const MAX_PENDING = 10_000;
/** Not every failure is followed by a return: the server's clock may just have been set. */
const TRY_EVERY_MS = 500;
/**
 * A command whose answer was lost may still be on its way over the connection of that time. After so long it comes too
 * late to be carried out (see script.ts); if it were undone before, it would be done after all.
 */
const OVERTAKES_NOTHING_AFTER_MS = SILENCE_MS + 100;

export function createPendingWrites(): PendingWrites {
  const pending = new Map<string, PendingWrite>();
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();
  let closed = false;

  async function writeAll(olderThanMs: number): Promise<void> {
    for (const [name, one] of [...pending]) {
      if (performance.now() - one.since < olderThanMs) continue;
      try {
        await one.write();
        if (pending.get(name) === one) pending.delete(name);
      } catch {
        // To the end, so that one that always fails does not hold up the others.
        if (pending.get(name) === one) pending.delete(name);
        if (!pending.has(name)) pending.set(name, one);
        return;
      }
    }
  }

  /** One after the other, so that no write is made twice at once. */
  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    flushing = flushing.then(() => writeAll(OVERTAKES_NOTHING_AFTER_MS)).then(tryAgain);
  }

  function tryAgain(): void {
    if (closed || pending.size === 0) return;
    timer ??= setTimeout(flush, TRY_EVERY_MS).unref();
  }

  return {
    add(name, write) {
      pending.delete(name);
      pending.set(name, { write, since: performance.now() });
      const [oldest] = pending.keys();
      if (pending.size > MAX_PENDING && oldest !== undefined) pending.delete(oldest);
      tryAgain();
    },
    flush,
    async close() {
      closed = true;
      clearTimeout(timer);
      await flushing;
      await writeAll(0);
    },
  };
}
