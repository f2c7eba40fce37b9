import { isGoodList, type Answer } from '../gewe/outcome.ts';
import type { Trace } from '../gewe/headers.ts';
import type { Upstream } from '../gewe/upstream.ts';
import type { Leases } from '../leases.ts';
import type { ListSettings } from '../settings/settings.ts';
import { within, type Clock } from '../time.ts';
import type { Breaker, Down } from './breaker.ts';
import type { ListDirectives } from './directives.ts';
import { createFallback } from './fallback.ts';
import { containFaults } from './faults.ts';
import {
  noList,
  noSlot,
  notSaved,
  savedAnswer,
  type ListAnswer,
  type ListReply,
} from './list-answer.ts';
import { createPolls } from './polls.ts';
import type { ListStore, SavedList } from './ports.ts';
import type { RefreshParts, RefreshRequest } from './refresh.ts';
import { createRefreshes, type Refresh } from './refreshes.ts';
import {
  createSavedLists,
  fallbackOf,
  isYounger,
  type Fallback,
  type SavedListsEvents,
} from './saved-lists.ts';
import { createGeweCache } from './gewe-cache.ts';

export interface ListRequest extends RefreshRequest {
  /** The name of the client that asks. */
  readonly client: string;
  readonly directives: ListDirectives;
  /**
   * Resolves when the caller has left. Called only if the caller has to wait. After it has left, only the refresh
   * continues.
   */
  left(): Promise<'left'>;
}

/** What became of a refresh that nobody waits for: started, or why not. */
export type RefreshStart = 'started' | 'under-way' | 'no-slot' | 'down';

export interface ListService {
  /** What one caller gets, within its own deadline. */
  answer(request: ListRequest): Promise<ListReply>;
  /** Starts a refresh for an operator, who does not wait for its list. Never rejects. */
  refreshNow(appId: string, trace: Trace): Promise<RefreshStart>;
  /**
   * Saves a good list out of an answer to a caller's fetchContactsListCache.
   *
   * @param askedAt milliseconds since the epoch: the list is at least as old as that
   */
  saveFromCache(appId: string, answer: Answer, askedAt: number): Promise<void>;
  /** How many refreshes this gateway makes now. */
  refreshesUnderWay(): number;
  /** Resolves when no refresh is under way. */
  idle(): Promise<void>;
  /** Ends the polls. Resolves when no call to GEWE's cache is under way. */
  stop(): Promise<void>;
}

interface ListServiceParts extends SavedListsEvents {
  readonly upstream: Pick<Upstream, 'call'>;
  readonly lists: ListStore;
  readonly leases: Leases;
  readonly breaker: Omit<Breaker, 'observe'>;
  readonly clock: Clock;
  readonly settings: ListSettings;
  /** All slots for refreshes are taken (true), or plenty are free again (false). */
  onCrowded(crowded: boolean): void;
  onFetched: RefreshParts['onFetched'];
  /** No refresh was made for a caller, because there was no slot for it. */
  onTurnedAway(): void;
  /** A fault of ours, which cost nobody an answer. */
  onFault(error: unknown): void;
}

/** What a caller gets that needs a refresh. */
type JoinResult =
  | { readonly kind: 'waits'; readonly refresh: Refresh; readonly isNew: boolean }
  /** The upstream as a whole is down. */
  | { readonly kind: 'down'; readonly down: Down }
  /** The maximum of refreshes is under way. */
  | { readonly kind: 'no-slot' };

/** The breaker counts operators who start refreshes as one more client. No configured client can have this name. */
const OPERATOR = '(operator)';

export function createListService(parts: ListServiceParts): ListService {
  const { upstream, leases, breaker, clock, settings } = parts;
  const faults = containFaults(parts.onFault);
  const savedLists = createSavedLists(parts.lists, parts, faults);
  const geweCache = createGeweCache({
    upstream,
    clock,
    leases,
    breaker,
    savedLists,
    faults,
    deadlineMs: Math.max(settings.pollMs, settings.cacheDeadlineMs),
  });
  const polls = createPolls({ savedLists, geweCache, settings, faults });
  const refreshes = createRefreshes({
    upstream,
    leases,
    polls,
    savedLists,
    breaker,
    clock,
    settings,
    faults,
    onCrowded: parts.onCrowded,
    onFetched: parts.onFetched,
  });
  const fallback = createFallback({ savedLists, geweCache, clock, settings });
  const downNow = () => faults.contain(() => breaker.down());

  /** Joins the refresh of the account, or starts one. */
  async function joinOrStart(
    request: RefreshRequest & Pick<ListRequest, 'client'>,
    askedAt: number,
  ): Promise<JoinResult> {
    const { appId, client } = request;
    let isProbe = false;
    if (downNow() !== undefined && refreshes.get(appId) === undefined) {
      const admission = await faults.containAsync(() => breaker.admit(client));
      if (admission?.kind === 'wait') return { kind: 'down', down: admission };
      isProbe = admission?.kind === 'probe';
    }
    const underWay = refreshes.get(appId);
    if (underWay !== undefined) {
      // Nobody waits for the probe of another caller.
      const down = downNow();
      if (down !== undefined) return { kind: 'down', down };
      underWay.join(askedAt);
      return { kind: 'waits', refresh: underWay, isNew: false };
    }
    // The probe needs no slot: hanging calls that take them all must not hide that the upstream is back.
    if (!isProbe && !refreshes.hasRoom()) return { kind: 'no-slot' };
    return { kind: 'waits', refresh: refreshes.start(request, askedAt), isNew: true };
  }

  /** The result of a refresh for this caller; `too-late` if the refresh is older than the caller wants to wait. */
  async function resultFor(
    { directives }: ListRequest,
    { refresh, isNew }: Waiting,
    waitMs: number,
  ) {
    // Without a fallback, only waiting can bring a list; and the list of a poll is a saved one.
    if (directives.staleIfErrorMs === 0) return refresh.result;
    const startedAt = await refresh.startedAt();
    const isJoined = !isNew || refresh.isElsewhere();
    const isTooLate = isJoined && clock.monotonic() - startedAt >= waitMs;
    return isTooLate ? 'too-late' : refresh.first;
  }

  /** Waits for the refresh as long as this caller wants to, counted from its arrival. */
  async function wait(
    request: ListRequest,
    waiting: Waiting,
    arrivedAt: number,
  ): Promise<ListReply> {
    const { directives } = request;
    // No call lives longer than the hard limit, and no timer longer than 2^31 ms.
    const waitMs = Math.min(directives.waitMs ?? settings.deadlineMs, settings.hardLimitMs);
    const honouredWaitMs = directives.waitMs === undefined ? undefined : waitMs;
    const awaited = Promise.race([resultFor(request, waiting, waitMs), request.left()]);
    const result = await within(awaited, arrivedAt + waitMs - clock.monotonic());

    const isJoined = !waiting.isNew || waiting.refresh.isElsewhere();
    switch (result) {
      case 'left':
        return replyWithoutWait({ kind: 'left' });
      case 'deadline':
      case 'too-late': {
        const answer = await fallback.answerFailure(request, { why: 'timeout' }, isJoined);
        const isHonoured = result === 'deadline' || waitMs === 0;
        return isHonoured ? { answer, honouredWaitMs } : replyWithoutWait(answer);
      }
      default:
        return { answer: await fallback.answerResult(request, result, isJoined), honouredWaitMs };
    }
  }

  /** The saved list, or a refusal, at once, because the upstream as a whole is down. */
  function whileDown(saved: Fallback, { why, retryAfterMs }: Down): ListReply {
    if (saved.list !== undefined) return replyWithoutWait(savedAnswer(saved.list));
    return replyWithoutWait(noList({ why }, saved.missing, retryAfterMs));
  }

  /** The saved list, or a refusal, at once, because there is no slot for a refresh. */
  function withoutSlot(saved: Fallback): ListReply {
    faults.contain(() => parts.onTurnedAway());
    if (saved.list !== undefined) return replyWithoutWait(savedAnswer(saved.list));
    return replyWithoutWait(noSlot(saved.missing, settings.pollMs));
  }

  return {
    async answer(request) {
      const { directives } = request;
      // An instant for other gateways, and the start of this caller's deadline.
      const [askedAt, arrivedAt] = [clock.now(), clock.monotonic()];
      const saved = await savedLists.load(request.appId);
      const now = clock.now();
      const atOnce = withoutAsking(saved, directives, settings.freshForMs, now);
      if (atOnce !== undefined) return replyWithoutWait(atOnce);

      const joined = await joinOrStart(request, askedAt);
      switch (joined.kind) {
        case 'waits':
          return wait(request, joined, arrivedAt);
        case 'down':
          return whileDown(fallbackOf(saved, directives, now), joined.down);
        case 'no-slot':
          return withoutSlot(fallbackOf(saved, directives, now));
        default:
          return joined satisfies never;
      }
    },
    async refreshNow(appId, trace) {
      if (refreshes.get(appId) !== undefined) return 'under-way';
      const body = Buffer.from(JSON.stringify({ appId }));
      const joined = await joinOrStart({ appId, body, trace, client: OPERATOR }, clock.now());
      if (joined.kind !== 'waits') return joined.kind;
      // Another gateway may have one under way.
      await joined.refresh.startedAt();
      return joined.isNew && !joined.refresh.isElsewhere() ? 'started' : 'under-way';
    },
    async saveFromCache(appId, { body, json }, askedAt) {
      if (!isGoodList(json)) return;
      await savedLists.saveIfNewer(appId, { body, savedAt: askedAt, source: 'gewe-cache' });
    },
    refreshesUnderWay: refreshes.count,
    idle: refreshes.idle,
    async stop() {
      polls.stop();
      await geweCache.idle();
    },
  };
}

type Waiting = Extract<JoinResult, { kind: 'waits' }>;

/** The answer without asking the upstream; undefined if it has to be asked. */
function withoutAsking(
  saved: SavedList | undefined,
  directives: ListDirectives,
  freshForMs: number,
  now: number,
): ListAnswer | undefined {
  const maxAgeMs = directives.maxAgeMs ?? freshForMs;
  const isFresh = saved !== undefined && isYounger(saved, maxAgeMs, now);
  if (directives.onlyIfCached) {
    const isAccepted = saved !== undefined && (isFresh || directives.maxAgeMs === undefined);
    return isAccepted ? savedAnswer(saved) : notSaved();
  }
  return isFresh && !directives.noCache ? savedAnswer(saved) : undefined;
}

/** A reply for which the caller's `Prefer: wait` was not honoured. */
function replyWithoutWait(answer: ListAnswer): ListReply {
  return { answer, honouredWaitMs: undefined };
}
