import type { Trace } from '../gewe/headers.ts';
import type { SavedList } from './ports.ts';

/** The slow call of an account, as the polling sees it. */
export interface PolledCall {
  /** The vendor has had its last word: no more polls. */
  end(): void;
  /** The vendor is not working on this call. Polls for an earlier call of the account continue. */
  withdraw(): void;
  /** Nobody waits for this call any more. The polls continue. */
  release(): void;
}

/**
 * Polling of the vendor's cache endpoint for lists whose slow call takes longer than the deadline, as the vendor's page
 * advises. It outlives a slow call that fails: a front proxy gives up after some seconds while the vendor works on.
 */
export interface Polls {
  /**
   * Polls for an account from the deadline of a call that starts now, until a good list is there or the hard limit of that
   * call. An account that is polled already keeps its rhythm, or one whose calls fail quickly would never be asked about.
   *
   * @param startedAt of the call, milliseconds since the epoch: a list that was saved since then will do, whoever saved it
   * @param onFound gets the list, which is saved by then, until the call is released
   */
  start(
    appId: string,
    trace: Trace,
    startedAt: number,
    onFound: (list: SavedList) => void,
  ): PolledCall;
  /** Ends those of one account, whatever its calls. */
  end(appId: string): void;
  /** How many accounts are polled. */
  count(): number;
  /** Ends all. */
  stop(): void;
}

interface PollsParts {
  /** What is saved; undefined also if the store fails. Never rejects. */
  load(appId: string): Promise<SavedList | undefined>;
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
  /** Of the last call. */
  startedAt: number;
  /** One slot, and not a promise that every failed call would leave a listener on. */
  onFound: ((list: SavedList) => void) | undefined;
  next: NodeJS.Timeout;
  limit: NodeJS.Timeout | undefined;
}

export function createPolls(parts: PollsParts): Polls {
  const { load, ask, deadlineMs, pollMs, hardLimitMs } = parts;
  const running = new Map<string, Poll>();

  /** Another caller or gateway may have saved a list already, which the vendor's cache must not replace. */
  async function find(appId: string, trace: Trace, poll: Poll): Promise<SavedList | undefined> {
    const saved = await load(appId);
    return saved !== undefined && saved.savedAt >= poll.startedAt ? saved : ask(appId, trace);
  }

  function begin(appId: string, trace: Trace, startedAt: number): Poll {
    const tick = () => {
      poll.next = setTimeout(tick, pollMs).unref();
      void find(appId, trace, poll).then((list) => {
        if (list === undefined || running.get(appId) !== poll) return;
        end(appId);
        poll.onFound?.(list);
      });
    };
    const next = setTimeout(tick, deadlineMs).unref();
    const poll: Poll = { startedAt, onFound: undefined, next, limit: undefined };
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
    start(appId, trace, startedAt, onFound) {
      const before = running.get(appId);
      const poll = before ?? begin(appId, trace, startedAt);
      poll.startedAt = startedAt;
      poll.onFound = onFound;
      clearTimeout(poll.limit);
      poll.limit = setTimeout(() => end(appId), hardLimitMs).unref();
      const release = () => void (poll.onFound = undefined);
      const endThis = () => {
        release();
        if (running.get(appId) === poll) end(appId);
      };
      return { end: endThis, withdraw: before === undefined ? endThis : release, release };
    },
    end,
    count: () => running.size,
    stop() {
      for (const appId of running.keys()) end(appId);
    },
  };
}
