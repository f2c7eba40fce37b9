import type { Clock } from '../clock.ts';
import { within } from '../deadline.ts';
import type { Upstream } from '../gewe/upstream.ts';
import type { ListSettings } from '../settings/settings.ts';
import type { Turns } from '../turns.ts';
import type { Breaker, DownReason } from './breaker.ts';
import { createCacheEndpoint } from './cache-endpoint.ts';
import type { ListDirectives } from './directives.ts';
import type { ListFailure } from './flight.ts';
import { createFlights, type ListCall } from './flights.ts';
import { liveAnswer, noList, noPlace, notSaved, unasked, type ListAnswer } from './list-answer.ts';
import type { ListStore, SavedList } from './ports.ts';
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
  answer(request: ListRequest): Promise<ListAnswer>;
  callsUnderWay(): number;
  /** Resolves when no slow call is under way. */
  idle(): Promise<void>;
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
}

export function createListService(parts: ListServiceParts): ListService {
  const { upstream, lists, turns, breaker, clock, settings, onTurnedAway } = parts;
  const shelf = createShelf(lists, parts);
  const cacheEndpoint = createCacheEndpoint({
    upstream,
    clock,
    turns,
    deadlineMs: Math.max(settings.pollMs, settings.cacheDeadlineMs),
    overdueMs: settings.cacheDeadlineMs,
    overdue: (appId) => breaker.failed(appId, 'timeout'),
    load: shelf.load,
    saveIfNewer: shelf.saveIfNewer,
  });
  const flights = createFlights({
    upstream,
    cacheEndpoint,
    shelf,
    turns,
    breaker,
    clock,
    settings,
    onCrowded: parts.onCrowded,
  });

  /** What a slow call brings to this caller; `deadline` where it is older already than the caller wants to wait. */
  async function resultOf(
    { directives }: ListRequest,
    flight: SharedFlight,
    isNew: boolean,
    waitMs: number,
  ) {
    await flight.placed;
    const isJoined = !isNew || flight.isElsewhere();
    const isOverdue = isJoined && clock.now() - flight.startedAt >= waitMs;
    if (isOverdue && !directives.noCache) return 'deadline';
    // What a poll brings is a list that somebody has saved: not for a caller who wants none of those.
    return directives.noCache ? flight.landing : flight.first;
  }

  /** Waits for the slow call as long as this caller wants to. */
  async function awaitFlight(
    request: ListRequest,
    flight: SharedFlight,
    isNew: boolean,
    waitMs: number,
    waitedMs: number,
  ): Promise<ListAnswer> {
    const awaited = resultOf(request, flight, isNew, waitMs);
    const result = await within(Promise.race([awaited, request.left]), waitMs - waitedMs);
    const joined = !isNew || flight.isElsewhere();
    if (result === 'deadline') return instead(request, 'timeout', joined);
    if (result === 'left') return { kind: 'left' };
    switch (result.kind) {
      case 'list': {
        const { list, contentType } = result;
        if (list.source === 'gewe-cache') return { kind: 'gewe-cache', list, joined };
        return liveAnswer({ body: list.body, contentType }, { stored: true, joined });
      }
      case 'other':
        return liveAnswer(result.answer, { stored: false, joined });
      case 'refused':
        return result;
      case 'failed':
        return instead(request, result.why, joined);
      default:
        return result satisfies never;
    }
  }

  /** What there is instead of the upstream's answer: the saved list, else the vendor's own cache, else a refusal. */
  async function instead(
    { appId, trace, directives }: ListRequest,
    why: ListFailure,
    joined: boolean,
  ): Promise<ListAnswer> {
    if (directives.noCache) return noList(why, settings.pollMs);
    const saved = await shelf.load(appId);
    if (saved !== undefined) return { kind: 'saved', list: saved, tried: why, joined };
    const cached = await within(cacheEndpoint.ask(appId, trace), settings.cacheDeadlineMs);
    if (cached !== undefined && cached !== 'deadline') {
      return { kind: 'gewe-cache', list: cached, joined };
    }
    const late = await shelf.load(appId);
    if (late !== undefined) return { kind: 'saved', list: late, tried: why, joined };
    return noList(why, settings.pollMs);
  }

  /** While the upstream as a whole is down: what there is, at once. */
  function withoutAsking(
    saved: SavedList | undefined,
    { why, nextProbeAt }: { why: DownReason; nextProbeAt: number },
  ): ListAnswer {
    return saved === undefined ? noList(why, nextProbeAt - clock.now()) : unasked(saved);
  }

  /** While as many slow calls run as may: what there is, at once. */
  function withoutPlace(saved: SavedList | undefined): ListAnswer {
    onTurnedAway();
    return saved === undefined ? noPlace(settings.pollMs) : unasked(saved);
  }

  return {
    async answer(request) {
      const { appId, directives } = request;
      const askedAt = clock.now();
      const saved = directives.noCache ? undefined : await shelf.load(appId);
      const freshForMs = directives.maxAgeMs ?? settings.freshForMs;
      const isFresh = saved !== undefined && isYounger(saved, freshForMs, clock.now());
      if (directives.onlyIfCached) {
        const will = saved !== undefined && (isFresh || directives.maxAgeMs === undefined);
        return will ? unasked(saved) : notSaved();
      }
      if (isFresh) return unasked(saved);

      // No call lives longer than the hard limit, and a timer takes no more than 2^31 ms.
      const waitMs = Math.min(directives.waitMs ?? settings.deadlineMs, settings.hardLimitMs);
      const waitFor = (flight: SharedFlight, isNew: boolean) =>
        awaitFlight(request, flight, isNew, waitMs, Math.max(0, clock.now() - askedAt));

      const admission = flights.of(appId) ? undefined : await breaker.admit(request.client);
      if (admission?.kind === 'wait') return withoutAsking(saved, admission);
      const underWay = flights.of(appId);
      if (underWay === undefined) {
        // The probe always goes: hanging calls that fill all places must not hide that the upstream is back.
        if (admission?.kind !== 'probe' && !flights.hasRoom()) return withoutPlace(saved);
        return waitFor(flights.start({ ...request, askedAt }), true);
      }
      const breakerState = breaker.state();
      if (breakerState.kind === 'open') return withoutAsking(saved, breakerState);
      underWay.join(askedAt);
      return waitFor(underWay, false);
    },
    callsUnderWay: flights.count,
    idle: flights.idle,
  };
}
