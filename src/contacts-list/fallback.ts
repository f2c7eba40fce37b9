import type { Clock } from '../time.ts';
import { within } from '../time.ts';
import type { Trace } from '../gewe/headers.ts';
import type { ListSettings } from '../settings/settings.ts';
import type { CacheEndpoint } from './cache-endpoint.ts';
import type { ListDirectives } from './directives.ts';
import type { FlightResult, ListFailure } from './flight.ts';
import { liveAnswer, noList, type ListAnswer, type NoFallback } from './list-answer.ts';
import type { SavedList } from './ports.ts';
import { isYounger } from './saved-list.ts';
import type { Shelf } from './shelf.ts';

/** The saved list that a caller may get instead of a live one, or why there is none. */
export type Fallback =
  { readonly list: SavedList } | { readonly list?: undefined; readonly missing: NoFallback };

/** What the caller's `stale-if-error` leaves of a saved list. */
export function fallbackOf(
  saved: SavedList | undefined,
  { staleIfErrorMs }: Pick<ListDirectives, 'staleIfErrorMs'>,
  now: number,
): Fallback {
  if (saved === undefined) return { missing: 'not-saved' };
  if (staleIfErrorMs === 0) return { missing: 'unwanted' };
  const isYoungEnough = staleIfErrorMs === undefined || isYounger(saved, staleIfErrorMs, now);
  return isYoungEnough ? { list: saved } : { missing: 'too-old' };
}

const NO_LIST: ListFailure = {
  why: 'invalid',
  came: { kind: 'invalid', why: '`ret` 200 without a list', status: 200 },
};

interface Caller {
  readonly appId: string;
  readonly trace: Trace;
  readonly directives: ListDirectives;
}

interface FallbackParts {
  readonly shelf: Pick<Shelf, 'load'>;
  readonly cacheEndpoint: Pick<CacheEndpoint, 'ask'>;
  readonly clock: Clock;
  readonly settings: Pick<ListSettings, 'cacheDeadlineMs' | 'pollMs'>;
}

/** What callers get if the slow call brings no list. */
export function createFallback({ shelf, cacheEndpoint, clock, settings }: FallbackParts) {
  async function saved({ appId, directives }: Caller): Promise<Fallback> {
    return fallbackOf(await shelf.load(appId), directives, clock.now());
  }

  /** The saved list, else the vendor's cache, else the vendor's own answer, else a refusal. */
  async function instead(
    caller: Caller,
    failure: ListFailure,
    joined: boolean,
  ): Promise<ListAnswer> {
    const tried = failure.why;
    const before = await saved(caller);
    if (before.list !== undefined) return { kind: 'saved', list: before.list, tried, joined };
    // With a rejected token the question would be turned away, too.
    if (caller.directives.staleIfErrorMs !== 0 && tried !== 'token-rejected') {
      const asked = cacheEndpoint.ask(caller.appId, caller.trace);
      const list = await within(asked, settings.cacheDeadlineMs);
      if (list !== undefined && list !== 'deadline') return { kind: 'gewe-cache', list, joined };
    }
    const late = await saved(caller);
    if (late.list !== undefined) return { kind: 'saved', list: late.list, tried, joined };
    const retryAfterMs = settings.pollMs;
    if (failure.why === 'timeout' && failure.answer !== undefined) {
      return liveAnswer(failure.answer, { stored: false, joined, retryAfterMs });
    }
    return noList(failure, late.missing, retryAfterMs);
  }

  return {
    instead,

    /** What the result of a slow call means for one of its callers. */
    async answerTo(caller: Caller, result: FlightResult, joined: boolean): Promise<ListAnswer> {
      switch (result.kind) {
        case 'list': {
          const { list, contentType } = result;
          if (list.source === 'gewe-cache') return { kind: 'gewe-cache', list, joined };
          return liveAnswer({ body: list.body, contentType }, { stored: true, joined });
        }
        case 'other':
          return liveAnswer(result.answer, { stored: false, joined });
        case 'no-list': {
          const fallback = await saved(caller);
          if (fallback.list !== undefined) {
            return { kind: 'saved', list: fallback.list, tried: 'invalid', joined };
          }
          // A caller who rules the saved list out must not take this for an empty address book either.
          return fallback.missing === 'not-saved'
            ? liveAnswer(result.answer, { stored: false, joined })
            : noList(NO_LIST, fallback.missing, settings.pollMs);
        }
        case 'refused':
          return result;
        case 'failed':
          return instead(caller, result.failure, joined);
        default:
          return result satisfies never;
      }
    },
  };
}
