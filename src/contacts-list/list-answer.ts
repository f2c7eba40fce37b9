import { Refusal, retryAfter } from '../errors.ts';
import { tokenRejected, describeInvalid } from '../gewe/answer-or-refusal.ts';
import type { SavedList } from './ports.ts';
import type { GeweAnswer, ListFailure } from './refresh.ts';
import { ageSeconds, type NoFallback } from './saved-lists.ts';

/** What a caller of fetchContactsList gets. */
export type ListAnswer =
  /** The upstream's answer: a list (which is saved by now), or an error of an account or a parameter. */
  | (LiveAnswer & { readonly kind: 'live' })
  /** A list that has just come from GEWE's cache. */
  | { readonly kind: 'gewe-cache'; readonly list: SavedList; readonly joined: boolean }
  /** The saved list. `tried` says why there is no answer of the upstream; undefined if the caller did not wait for it. */
  | {
      readonly kind: 'saved';
      readonly list: SavedList;
      readonly tried: ListFailure['why'] | undefined;
      readonly joined: boolean;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** The caller has left. */
  | { readonly kind: 'left' };

interface LiveAnswer extends GeweAnswer {
  readonly stored: boolean;
  readonly joined: boolean;
  /** When to ask again, milliseconds from now; undefined for an answer that will not change by itself. */
  readonly retryAfterMs?: number;
}

/** An answer, and the caller's `Prefer: wait` as far as it was honoured, in milliseconds. */
export interface ListReply {
  readonly answer: ListAnswer;
  readonly honouredWaitMs: number | undefined;
}

/** What the upstream has just answered. */
export function liveAnswer(
  { body, contentType }: GeweAnswer,
  details: Omit<LiveAnswer, keyof GeweAnswer>,
): ListAnswer {
  return { kind: 'live', body, contentType, ...details };
}

/** The saved list, without waiting for the upstream. */
export function savedAnswer(list: SavedList): ListAnswer {
  return { kind: 'saved', list, tried: undefined, joined: false };
}

const NO_FALLBACK: Readonly<Record<NoFallback, string>> = {
  'not-saved': 'No list is saved for this account.',
  'too-old': 'The saved list is older than stale-if-error allows.',
  unwanted: 'The directive stale-if-error=0 rules out saved lists.',
};

/** The refusal if there is neither an answer nor a saved list to give. `waitMs`: how soon asking again makes sense. */
export function noList(failure: ListFailure, noFallback: NoFallback, waitMs: number): ListAnswer {
  const extras = { headers: retryAfter(waitMs) };
  const rest = `${NO_FALLBACK[noFallback]} Ask again after Retry-After`;
  switch (failure.why) {
    case 'timeout': {
      const detail = `The list did not arrive in time. ${rest}: the call may still bring it.`;
      return refused(new Refusal('upstream-timeout', detail, extras));
    }
    case 'unreachable': {
      const detail = `The upstream cannot be reached. ${rest}.`;
      return refused(new Refusal('upstream-unreachable', detail, extras));
    }
    case 'invalid': {
      const { outcome } = failure;
      // Below 500 the upstream was reached. A 5xx or a page comes from a proxy that could not reach GEWE.
      const wasReached = outcome.status !== undefined && outcome.status < 500;
      return refused(
        wasReached
          ? new Refusal(
              'upstream-invalid',
              `${describeInvalid(outcome)} ${NO_FALLBACK[noFallback]}`,
              extras,
            )
          : new Refusal('upstream-unreachable', `${describeInvalid(outcome)} ${rest}.`, extras),
      );
    }
    case 'token-rejected': {
      const { code, detail } = tokenRejected();
      return refused(new Refusal(code, `${detail} ${NO_FALLBACK[noFallback]}`, extras));
    }
    default:
      return failure satisfies never;
  }
}

/** The refusal if no further refresh may be made. `waitMs`: how soon asking again makes sense. */
export function noSlot(noFallback: NoFallback, waitMs: number): ListAnswer {
  return refused(
    new Refusal(
      'upstream-timeout',
      `Too many slow list calls are already running. ${NO_FALLBACK[noFallback]} Ask again after Retry-After.`,
      { headers: retryAfter(waitMs) },
    ),
  );
}

export function notSaved(): ListAnswer {
  return refused(
    new Refusal(
      'list-not-saved',
      'No saved list satisfies only-if-cached and max-age. Ask without only-if-cached.',
    ),
  );
}

function refused(refusal: Refusal): ListAnswer {
  return { kind: 'refused', refusal };
}

type Given = Exclude<ListAnswer, { kind: 'refused' | 'left' }>;

/** The `Cache-Status` of an answer (RFC 9211), and for a list that was saved its `Age` (RFC 9111 section 5.1). */
export function listHeaders(answer: Given, now: number): Record<string, string> {
  const common = { 'Cache-Status': cacheStatus(answer), 'X-Gateway-Source': answer.kind };
  if (answer.kind === 'live') {
    const { retryAfterMs } = answer;
    return retryAfterMs === undefined ? common : { ...common, ...retryAfter(retryAfterMs) };
  }
  return { ...common, Age: String(ageSeconds(answer.list, now)) };
}

function cacheStatus(answer: Given): string {
  return ['gewe-gateway', ...parameters(answer)].join('; ');
}

function parameters(answer: Given): string[] {
  const collapsed = answer.joined ? ['collapsed'] : [];
  switch (answer.kind) {
    case 'live':
      return ['fwd=miss', ...(answer.stored ? ['stored'] : []), ...collapsed];
    case 'gewe-cache':
      return ['fwd=miss', 'stored', 'detail=gewe-cache', ...collapsed];
    case 'saved':
      if (answer.tried !== undefined) {
        return ['fwd=stale', `detail=upstream-${answer.tried}`, ...collapsed];
      }
      return answer.list.source === 'gewe-cache' ? ['hit', 'detail=gewe-cache'] : ['hit'];
    default:
      return answer satisfies never;
  }
}
