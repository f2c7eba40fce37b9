/** The calls that came, in order, and a way to wait for one without polling. */
import type { IncomingHttpHeaders } from 'node:http';

/** `aborted`: the socket was closed, by either side, before the whole response was sent. */
export type CallEnd = 'answered' | 'aborted';

export interface RecordedCall {
  readonly method: string;
  /** The request target as received, with the base and any query. */
  readonly path: string;
  /** The path after the base, such as `contacts/fetchContactsList`; without a base, the path after its first slash. */
  readonly operation: string;
  /** From the body; undefined if it had none. */
  readonly appId: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, in the order and spelling received. */
  readonly rawHeaders: readonly string[];
  /** The body's bytes as received. */
  readonly body: Buffer;
  /** Milliseconds since the epoch, by the simulator's clock. */
  readonly receivedAt: number;
  readonly ended: Promise<CallEnd>;
}

interface Waiter {
  readonly predicate: (call: RecordedCall) => boolean;
  readonly resolve: (call: RecordedCall) => void;
  readonly reject: (reason: unknown) => void;
  missing: number;
}

export interface CallLog {
  readonly calls: readonly RecordedCall[];
  add(call: RecordedCall): void;
  /** Resolves with the `count`-th call that matches; calls that are already recorded count. */
  waitFor(predicate: (call: RecordedCall) => boolean, count: number): Promise<RecordedCall>;
  clear(): void;
  /** Rejects all promises that are still waiting. */
  giveUp(reason: string): void;
}

/** A log of at most `most` calls; the oldest are dropped first. */
export function createCallLog(most: number): CallLog {
  const calls: RecordedCall[] = [];
  const waiters = new Set<Waiter>();

  function notify(waiter: Waiter, call: RecordedCall): void {
    try {
      if (!waiter.predicate(call)) return;
      waiter.missing -= 1;
      if (waiter.missing > 0) return;
      waiter.resolve(call);
    } catch (error) {
      // A predicate that throws must fail its test, not the server.
      waiter.reject(error);
    }
    waiters.delete(waiter);
  }

  return {
    calls,
    add(call) {
      calls.push(call);
      if (calls.length > most) calls.shift();
      for (const waiter of [...waiters]) {
        notify(waiter, call);
      }
    },
    waitFor(predicate, count) {
      const matching = calls.filter((call) => predicate(call));
      const found = matching[count - 1];
      if (found !== undefined) return Promise.resolve(found);
      const waiting = new Promise<RecordedCall>((resolve, reject) => {
        waiters.add({ predicate, resolve, reject, missing: count - matching.length });
      });
      // If nobody awaits the promise, its rejection must not end the process.
      waiting.catch(() => undefined);
      return waiting;
    },
    clear() {
      calls.length = 0;
    },
    giveUp(reason) {
      for (const waiter of waiters) waiter.reject(new Error(reason));
      waiters.clear();
    },
  };
}
