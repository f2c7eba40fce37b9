import type { Trace } from '../gewe/headers.ts';
import type { SavedList } from './ports.ts';

/**
 * Polling of the vendor's cache endpoint for lists whose slow call takes longer than the deadline, as the vendor's page
 * advises. It outlives a slow call that fails: a front proxy gives up after some seconds while the vendor works on.
 */
export interface Polls {
  /**
   * Polls for an account from the deadline of a call that starts now, until `end` or the hard limit of that call. An
   * account that is polled already keeps its rhythm, or one whose calls fail quickly would never be asked about.
   *
   * @returns the first good list, which is saved by then; pending for ever if there is none
   */
  start(appId: string, trace: Trace): Promise<SavedList>;
  /** No more polls for an account: a good list is saved, or the vendor has had its last word. */
  end(appId: string): void;
  /** How many accounts are polled. */
  count(): number;
  /** Ends all. */
  stop(): void;
}

interface PollsParts {
  /** Resolves to the list that the cache endpoint has, saved by then. Never rejects. */
  ask(appId: string, trace: Trace): Promise<SavedList | undefined>;
  /** From the start of a call to the first poll, milliseconds. */
  readonly deadlineMs: number;
  /** Between two polls, milliseconds. */
  readonly pollMs: number;
  /** From the start of a call to the last poll, milliseconds. */
  readonly hardLimitMs: number;
}

interface Poll {
  readonly found: Promise<SavedList>;
  next: NodeJS.Timeout;
  limit: NodeJS.Timeout | undefined;
}

export function createPolls({ ask, deadlineMs, pollMs, hardLimitMs }: PollsParts): Polls {
  const running = new Map<string, Poll>();

  function begin(appId: string, trace: Trace): Poll {
    const { promise: found, resolve } = Promise.withResolvers<SavedList>();
    const tick = () => {
      poll.next = setTimeout(tick, pollMs).unref();
      void ask(appId, trace).then((list) => {
        if (list !== undefined) resolve(list);
      });
    };
    const poll: Poll = { found, next: setTimeout(tick, deadlineMs).unref(), limit: undefined };
    running.set(appId, poll);
    return poll;
  }

  function end(appId: string): void {
    const poll = running.get(appId);
    clearTimeout(poll?.next);
    clearTimeout(poll?.limit);
    running.delete(appId);
  }

  return {
    start(appId, trace) {
      const poll = running.get(appId) ?? begin(appId, trace);
      clearTimeout(poll.limit);
      poll.limit = setTimeout(() => end(appId), hardLimitMs).unref();
      return poll.found;
    },
    end,
    count: () => running.size,
    stop() {
      for (const appId of running.keys()) end(appId);
    },
  };
}
