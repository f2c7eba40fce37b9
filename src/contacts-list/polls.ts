import type { Trace } from '../gewe/headers.ts';
import type { ListSettings } from '../settings/settings.ts';
import type { Faults } from './faults.ts';
import type { SavedList } from './ports.ts';
import type { SavedLists } from './saved-lists.ts';
import type { GeweCache } from './gewe-cache.ts';

/** The refresh of an account, as the polling sees it. */
export interface PolledRefresh {
  /** GEWE has given its final answer: no more polls. */
  end(): void;
  /** GEWE is not working on this refresh. Polls that an earlier one of the account began continue. */
  endOwn(): void;
  /** This refresh needs no more results. The polls continue. */
  release(): void;
}

/**
 * Polls GEWE's cache for lists whose refresh takes longer than the deadline, as GEWE's page advises. The
 * polls outlive a refresh that fails: a front proxy gives up after some seconds while GEWE works on.
 */
export interface Polls {
  /**
   * Polls for an account from the deadline of a refresh that starts now, until a good list is there or the hard limit of
   * that refresh. If the account is polled already, those polls continue at their pace: otherwise an account whose refreshes
   * fail quickly would never be asked about.
   *
   * @param since when the refresh began, milliseconds since the epoch: any list saved since then is used
   * @param onFound gets the list, which is saved by then, until the refresh is released
   */
  start(
    appId: string,
    trace: Trace,
    since: number,
    onFound: (list: SavedList) => void,
  ): PolledRefresh;
  /** Ends the polls of one account. */
  end(appId: string): void;
  /** How many accounts are polled. */
  count(): number;
  /** Ends all. */
  stop(): void;
}

interface PollsParts {
  readonly savedLists: Pick<SavedLists, 'load'>;
  readonly geweCache: Pick<GeweCache, 'ask'>;
  /** The first poll comes `deadlineMs` after the start of a refresh, the next ones every `pollMs`, the last by `hardLimitMs`. */
  readonly settings: Pick<ListSettings, 'deadlineMs' | 'pollMs' | 'hardLimitMs'>;
  readonly faults: Faults;
}

interface Poll {
  /** When the last refresh began, milliseconds since the epoch. */
  since: number;
  /** The callback of the last refresh. Not a promise: every failed one would leave a listener on it. */
  onFound: ((list: SavedList) => void) | undefined;
  next: NodeJS.Timeout;
  limit: NodeJS.Timeout | undefined;
}

export function createPolls(parts: PollsParts): Polls {
  const { savedLists, geweCache, faults } = parts;
  const { deadlineMs, pollMs, hardLimitMs } = parts.settings;
  const running = new Map<string, Poll>();

  /** Another caller or gateway may have saved a list already, which GEWE's cache must not replace. */
  async function find(appId: string, trace: Trace, poll: Poll): Promise<SavedList | undefined> {
    const saved = await savedLists.load(appId);
    return saved !== undefined && saved.savedAt >= poll.since ? saved : geweCache.ask(appId, trace);
  }

  async function ask(appId: string, trace: Trace, poll: Poll): Promise<void> {
    const list = await find(appId, trace, poll);
    if (list === undefined || running.get(appId) !== poll) return;
    end(appId);
    poll.onFound?.(list);
  }

  function begin(appId: string, trace: Trace, since: number): Poll {
    const tick = () => {
      poll.next = setTimeout(tick, pollMs).unref();
      void faults.containAsync(() => ask(appId, trace, poll));
    };
    const next = setTimeout(tick, deadlineMs).unref();
    const poll: Poll = { since, onFound: undefined, next, limit: undefined };
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
    start(appId, trace, since, onFound) {
      const before = running.get(appId);
      const poll = before ?? begin(appId, trace, since);
      poll.since = since;
      poll.onFound = onFound;
      clearTimeout(poll.limit);
      poll.limit = setTimeout(() => end(appId), hardLimitMs).unref();
      const release = () => void (poll.onFound = undefined);
      const endThis = () => {
        release();
        if (running.get(appId) === poll) end(appId);
      };
      return { end: endThis, endOwn: before === undefined ? endThis : release, release };
    },
    end,
    count: () => running.size,
    stop() {
      for (const appId of running.keys()) end(appId);
    },
  };
}
