import { overGateways, singleFlight } from '../coalesce.ts';
import type { AcquiredLease, HeldLease, Leases } from '../leases.ts';
import type { ListSettings } from '../settings/settings.ts';
import { decodeResult, encodeResult } from './lease-result.ts';
import type { Polls } from './polls.ts';
import type { SavedList } from './ports.ts';
import {
  FAULT,
  refresh,
  type RefreshRequest,
  type RefreshParts,
  type RefreshResult,
} from './refresh.ts';
import type { SavedLists } from './saved-lists.ts';

/**
 * The running call that fetches an account's list, made here or by another gateway on the same store, as its callers see
 * it.
 */
export interface Refresh {
  /**
   * When the call began, by the monotonic clock of this process, milliseconds. Resolves once it is known which gateway
   * makes the call. If another gateway takes over, the call begins again. Never rejects.
   */
  startedAt(): Promise<number>;
  /** Whether another gateway makes it. */
  isElsewhere(): boolean;
  /** Adds a caller that asked at this instant (milliseconds since the epoch). Earlier results will not do for it. */
  join(askedAt: number): void;
  /** The first good list, from the call or from a poll, or else the result of the call. Never rejects. */
  readonly first: Promise<RefreshResult>;
  /** The result of the call itself, its list saved by then. Never rejects. */
  readonly result: Promise<RefreshResult>;
}

/** The refreshes under way, at most one for each account and bounded in number. */
export interface Refreshes {
  get(appId: string): Refresh | undefined;
  /** Whether one more may be started. */
  hasRoom(): boolean;
  /**
   * Starts a call for an account that has none.
   *
   * @param askedAt when its first caller asked, milliseconds since the epoch
   */
  start(call: RefreshRequest, askedAt: number): Refresh;
  /** How many calls are made here. */
  count(): number;
  /** Resolves when no call is made here. */
  idle(): Promise<void>;
}

interface RefreshesParts extends RefreshParts {
  readonly leases: Leases;
  readonly polls: Pick<Polls, 'start' | 'end' | 'count'>;
  readonly savedLists: Pick<SavedLists, 'load' | 'save'>;
  readonly settings: Pick<ListSettings, 'deadlineMs' | 'hardLimitMs' | 'maxCallsUnderWay'>;
  /** The last slot was taken (true), or plenty are free again (false). */
  onCrowded(crowded: boolean): void;
}

/** Crowded from when the last slot is taken until half of them are free, so that it does not flap. */
function isCrowded(wasCrowded: boolean, underWay: number, slots: number): boolean {
  return wasCrowded ? underWay > slots / 2 : underWay >= slots;
}

export function createRefreshes(parts: RefreshesParts): Refreshes {
  const { polls, settings, faults, onCrowded } = parts;
  const underWay = singleFlight<Refresh>(({ result }) => result);
  let crowded = false;

  function noteCrowding(): void {
    const before = crowded;
    crowded = isCrowded(before, underWay.size(), settings.maxCallsUnderWay);
    if (crowded !== before) faults.contain(() => onCrowded(crowded));
  }

  function ended(appId: string): void {
    // Polls outlive calls that fail. They have the same limit, so that an outage does not leave one for every account.
    if (polls.count() > settings.maxCallsUnderWay) polls.end(appId);
    noteCrowding();
  }

  const madeHere = () => underWay.calls().filter((call) => !call.isElsewhere());

  return {
    get: underWay.get,
    hasRoom: () => underWay.size() < settings.maxCallsUnderWay,
    start(call, askedAt) {
      const started = underWay.join(call.appId, () => startRefresh(call, askedAt, parts));
      void started.result.then(() => faults.contain(() => ended(call.appId)));
      noteCrowding();
      return started;
    },
    count: () => madeHere().length,
    async idle() {
      for (;;) {
        const calls = madeHere();
        if (calls.length === 0) return;
        await Promise.all(calls.map(({ result }) => result));
      }
    },
  };
}

type StartParts = Omit<RefreshesParts, 'onCrowded'>;

/**
 * Starts the refresh at one of the gateways on the store. Other gateways read its list from the store; everything else
 * comes with the result of the lease.
 */
function startRefresh(call: RefreshRequest, firstAskedAt: number, parts: StartParts): Refresh {
  const { leases, savedLists, clock, faults } = parts;
  const first = Promise.withResolvers<RefreshResult>();
  const holderKnown = Promise.withResolvers<void>();
  let askedAt = firstAskedAt;
  let startedAt = clock.monotonic();
  let elsewhere = false;

  function perform(lease: AcquiredLease | undefined): Promise<RefreshResult> {
    [startedAt, elsewhere] = [clock.monotonic(), false];
    holderKnown.resolve();
    return refresh(call, parts, (list) => {
      first.resolve(polledResult(list));
      lease?.announce();
    });
  }

  function onHeld({ since, announced }: HeldLease): void {
    // `since` is an instant of the store's clock. Only its age means something here.
    const ageMs = Math.max(0, clock.now() - since);
    [startedAt, elsewhere] = [clock.monotonic() - ageMs, true];
    holderKnown.resolve();
    announced.then(() => takePolled(since)).catch(faults.report);
  }

  /** Takes the list that another gateway's poll has found, unless the store could not take it. */
  async function takePolled(since: number): Promise<void> {
    const list = await savedLists.load(call.appId);
    if (list !== undefined && list.savedAt >= since) first.resolve(polledResult(list));
  }

  /** The result of another gateway's call, with the list from the store. */
  async function decode(encoded: Buffer): Promise<RefreshResult | undefined> {
    const result = decodeResult(encoded);
    if (result?.kind !== 'list') return result;
    const list = await savedLists.load(call.appId);
    if (list === undefined || list.savedAt < result.savedAt) return undefined;
    return { kind: 'list', list, contentType: result.contentType };
  }

  /** Whatever fails in a call is caught here, so its callers always get a result. Never rejects. */
  async function run(): Promise<RefreshResult> {
    try {
      return await overGateways(leases, clock, {
        appId: call.appId,
        work: 'list',
        askedAt: () => askedAt,
        perform,
        encode: encodeResult,
        decode,
        onHeld,
      });
    } catch (error) {
      faults.report(error);
      return FAULT;
    } finally {
      holderKnown.resolve();
    }
  }

  const result = run();
  void result.then(first.resolve);
  return {
    startedAt: () => holderKnown.promise.then(() => startedAt),
    isElsewhere: () => elsewhere,
    join: (at) => void (askedAt = Math.max(askedAt, at)),
    first: first.promise,
    result,
  };
}

function polledResult(list: SavedList): RefreshResult {
  return { kind: 'list', list, contentType: 'application/json' };
}
