import type { Clock } from '../time.ts';
import { within } from '../time.ts';
import type { Trace } from '../gewe/headers.ts';
import type { ListSettings } from '../settings/settings.ts';
import type { ListDirectives } from './directives.ts';
import { liveAnswer, noList, type ListAnswer } from './list-answer.ts';
import type { ListFailure, RefreshResult } from './refresh.ts';
import { fallbackOf, type Fallback, type SavedLists } from './saved-lists.ts';
import type { GeweCache } from './gewe-cache.ts';

const NO_LIST: ListFailure = {
  why: 'invalid',
  outcome: { kind: 'invalid', why: '`ret` 200 without a list', status: 200 },
};

interface Caller {
  readonly appId: string;
  readonly trace: Trace;
  readonly directives: ListDirectives;
}

interface FallbackParts {
  readonly savedLists: Pick<SavedLists, 'load'>;
  readonly geweCache: Pick<GeweCache, 'ask'>;
  readonly clock: Clock;
  readonly settings: Pick<ListSettings, 'cacheDeadlineMs' | 'pollMs'>;
}

/** Answers callers whose refresh brings no list, or none in time. */
export function createFallback({ savedLists, geweCache, clock, settings }: FallbackParts) {
  async function findSaved({ appId, directives }: Caller): Promise<Fallback> {
    return fallbackOf(await savedLists.load(appId), directives, clock.now());
  }

  /** The saved list, else GEWE's cache, else GEWE's own answer, else a refusal. */
  async function answerFailure(
    caller: Caller,
    failure: ListFailure,
    joined: boolean,
  ): Promise<ListAnswer> {
    const tried = failure.why;
    const before = await findSaved(caller);
    if (before.list !== undefined) return { kind: 'saved', list: before.list, tried, joined };
    // With a rejected token this call would be rejected, too.
    if (caller.directives.staleIfErrorMs !== 0 && tried !== 'token-rejected') {
      const asked = geweCache.ask(caller.appId, caller.trace);
      const list = await within(asked, settings.cacheDeadlineMs);
      if (list !== undefined && list !== 'deadline') return { kind: 'gewe-cache', list, joined };
    }
    const late = await findSaved(caller);
    if (late.list !== undefined) return { kind: 'saved', list: late.list, tried, joined };
    const retryAfterMs = settings.pollMs;
    if (failure.why === 'timeout' && failure.answer !== undefined) {
      return liveAnswer(failure.answer, { stored: false, joined, retryAfterMs });
    }
    return noList(failure, late.missing, retryAfterMs);
  }

  return {
    answerFailure,

    /** What the result of a refresh means for one of its callers. */
    async answerResult(
      caller: Caller,
      result: RefreshResult,
      joined: boolean,
    ): Promise<ListAnswer> {
      switch (result.kind) {
        case 'list': {
          const { list, contentType } = result;
          if (list.source === 'gewe-cache') return { kind: 'gewe-cache', list, joined };
          return liveAnswer({ body: list.body, contentType }, { stored: true, joined });
        }
        case 'other':
          return liveAnswer(result.answer, { stored: false, joined });
        case 'no-list': {
          const fallback = await findSaved(caller);
          if (fallback.list !== undefined) {
            return { kind: 'saved', list: fallback.list, tried: 'invalid', joined };
          }
          // A caller that rules out the saved list must not take this for an empty address book either.
          return fallback.missing === 'not-saved'
            ? liveAnswer(result.answer, { stored: false, joined })
            : noList(NO_LIST, fallback.missing, settings.pollMs);
        }
        case 'refused':
          return result;
        case 'failed':
          return answerFailure(caller, result.failure, joined);
        default:
          return result satisfies never;
      }
    },
  };
}
