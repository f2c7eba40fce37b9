import type { Clock } from '../time.ts';
import { within } from '../time.ts';
import { isGoodList } from '../gewe/contacts-list.ts';
import type { Answer } from '../gewe/outcome.ts';
import type { Upstream } from '../gewe/upstream.ts';
import type { ListSettings } from '../settings/settings.ts';
import type { Turns } from '../turns.ts';
import type { Breaker, DownReason } from './breaker.ts';
import { createCacheEndpoint } from './cache-endpoint.ts';
import type { ListDirectives } from './directives.ts';
import { createFallback, fallbackOf, type Fallback } from './fallback.ts';
import { createFlights, type ListCall } from './flights.ts';
import {
  noList,
  noPlace,
  notSaved,
  unasked,
  type ListAnswer,
  type ListReply,
} from './list-answer.ts';
import { createPolls } from './polls.ts';
import type { ListStore } from './ports.ts';
import { isYounger } from './saved-list.ts';
import type { SharedFlight } from './shared-flight.ts';
import { createShelf, type ShelfEvents } from './shelf.ts';

export interface ListRequest extends Omit<ListCall, 'askedAt'> {
  /** Who asks, by name. */
  readonly client: string;
  readonly directives: ListDirectives;
  /** Resolves when the caller has left: what it sent is not held until its deadline, only the call goes on. */
  readonly left: Promise<'left'>;
}

export interface ListService {
  /** What one caller gets, within its own deadline. */
  answer(request: ListRequest): Promise<ListReply>;
  /**
   * Saves a good list out of an answer to a caller's fetchContactsListCache.
   *
   * @param askedAt milliseconds since the epoch: the list is at least as old as that
   */
  saveFromCache(appId: string, answer: Answer, askedAt: number): Promise<void>;
  callsUnderWay(): number;
  /** Resolves when no slow call is under way. */
  idle(): Promise<void>;
  /** Ends the polling. Resolves when no question to the vendor's cache is under way. */
  stop(): Promise<void>;
}

interface ListServiceParts extends ShelfEvents {
  readonly upstream: Pick<Upstream, 'call'>;
  readonly lists: ListStore;
  readonly turns: Turns;
  readonly breaker: Breaker;
  readonly clock: Clock;
  readonly settings: ListSettings;
  /** As many slow calls as may be are under way (true), or there are plenty of places again (false). */
  onCrowded(crowded: boolean): void;
  /** A caller for whom no slow call was made, because there was no place for it. */
  onTurnedAway(): void;
  /** A fault of ours, which cost nobody an answer. */
  onFault(error: unknown): void;
}

export function createListService(parts: ListServiceParts): ListService {
  const { upstream, lists, turns, breaker, clock, settings, onTurnedAway, onFault } = parts;
  const shelf = createShelf(lists, parts);
  const cacheEndpoint = createCacheEndpoint({
    upstream,
    clock,
    turns,
    breaker,
    deadlineMs: Math.max(settings.pollMs, settings.cacheDeadlineMs),
    load: shelf.load,
    saveIfNewer: shelf.saveIfNewer,
    onFault,
  });
  const fallback = createFallback({ shelf, cacheEndpoint, clock, settings });
  const polls = createPolls({ ...settings, load: shelf.load, ask: cacheEndpoint.ask });
  const flights = createFlights({
    upstream,
    polls,
    shelf,
    turns,
    breaker,
    clock,
    settings,
    onCrowded: parts.onCrowded,
    onFault,
  });

  /** What a slow call brings to this caller; `too-late` if it is older already than the caller wants to wait. */
  async function resultOf(
    { directives }: ListRequest,
    flight: SharedFlight,
    isNew: boolean,
    waitMs: number,
  ) {
    await flight.placed;
    const isJoined = !isNew || flight.isElsewhere();
    const isOverdue = isJoined && clock.now() - flight.startedAt >= waitMs;
    // Without a fallback, waiting is all that can bring a list; and what a poll brings is a saved one.
    const wantsLive = directives.staleIfErrorMs === 0;
    if (isOverdue && !wantsLive) return 'too-late';
    return wantsLive ? flight.landing : flight.first;
  }

  /** Waits for the slow call as long as this caller wants to. */
  async function awaitFlight(
    request: ListRequest,
    flight: SharedFlight,
    isNew: boolean,
    waitMs: number,
    waitedMs: number,
  ): Promise<ListReply> {
    const awaited = resultOf(request, flight, isNew, waitMs);
    const result = await within(Promise.race([awaited, request.left]), waitMs - waitedMs);
    const joined = !isNew || flight.isElsewhere();
    const honouredWaitMs = request.directives.waitMs === undefined ? undefined : waitMs;
    if (result === 'left') return unwaited({ kind: 'left' });
    if (result === 'too-late' && waitMs > 0) {
      return unwaited(await fallback.instead(request, { why: 'timeout' }, joined));
    }
    const answer =
      result === 'deadline' || result === 'too-late'
        ? await fallback.instead(request, { why: 'timeout' }, joined)
        : await fallback.answerTo(request, result, joined);
    return { answer, honouredWaitMs };
  }

  /** While the upstream as a whole is down: what there is, at once. */
  function withoutAsking(
    saved: Fallback,
    { why, nextProbeAt }: { why: DownReason; nextProbeAt: number },
  ): ListReply {
    if (saved.list !== undefined) return unwaited(unasked(saved.list));
    return unwaited(noList({ why }, saved.missing, nextProbeAt - clock.now()));
  }

  /** While as many slow calls run as may: what there is, at once. */
  function withoutPlace(saved: Fallback): ListReply {
    onTurnedAway();
    if (saved.list !== undefined) return unwaited(unasked(saved.list));
    return unwaited(noPlace(saved.missing, settings.pollMs));
  }

  return {
    async answer(request) {
      const { appId, directives } = request;
      const askedAt = clock.now();
      const saved = await shelf.load(appId);
      const freshForMs = directives.maxAgeMs ?? settings.freshForMs;
      const isFresh = saved !== undefined && isYounger(saved, freshForMs, clock.now());
      if (directives.onlyIfCached) {
        const will = saved !== undefined && (isFresh || directives.maxAgeMs === undefined);
        return unwaited(will ? unasked(saved) : notSaved());
      }
      if (isFresh && !directives.noCache) return unwaited(unasked(saved));

      // No call lives longer than the hard limit, and a timer takes no more than 2^31 ms.
      const waitMs = Math.min(directives.waitMs ?? settings.deadlineMs, settings.hardLimitMs);
      const waitFor = (flight: SharedFlight, isNew: boolean) =>
        awaitFlight(request, flight, isNew, waitMs, Math.max(0, clock.now() - askedAt));
      const usable = fallbackOf(saved, directives, clock.now());

      const admission = flights.of(appId) ? undefined : await breaker.admit(request.client);
      if (admission?.kind === 'wait') return withoutAsking(usable, admission);
      const underWay = flights.of(appId);
      if (underWay === undefined) {
        // The probe always goes: hanging calls that fill all places must not hide that the upstream is back.
        if (admission?.kind !== 'probe' && !flights.hasRoom()) return withoutPlace(usable);
        return waitFor(flights.start({ ...request, askedAt }), true);
      }
      const breakerState = breaker.state();
      if (breakerState.kind === 'open') return withoutAsking(usable, breakerState);
      underWay.join(askedAt);
      return waitFor(underWay, false);
    },
    async saveFromCache(appId, { body, json }, askedAt) {
      if (!isGoodList(json)) return;
      await shelf.saveIfNewer(appId, { body, savedAt: askedAt, source: 'gewe-cache' });
    },
    callsUnderWay: flights.count,
    idle: flights.idle,
    async stop() {
      polls.stop();
      await cacheEndpoint.idle();
    },
  };
}

/** An answer for which nobody waited as long as the caller preferred. */
function unwaited(answer: ListAnswer): ListReply {
  return { answer, honouredWaitMs: undefined };
}
