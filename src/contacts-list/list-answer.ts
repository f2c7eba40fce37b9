import { Refusal, retryAfter } from '../errors.ts';
import type { Answer } from '../gewe/outcome.ts';
import type { ListFailure } from './flight.ts';
import type { SavedList } from './ports.ts';

/** What a caller of fetchContactsList gets. */
export type ListAnswer =
  /** What the upstream has just said: a list (which is saved), or its word on an account or a parameter. */
  | {
      readonly kind: 'live';
      readonly body: Buffer;
      readonly contentType: string;
      readonly stored: boolean;
      readonly joined: boolean;
    }
  /** A list that the upstream's cache endpoint has just given. */
  | { readonly kind: 'gewe-cache'; readonly list: SavedList; readonly joined: boolean }
  /** The saved list; `tried` says why the upstream's answer is not here, undefined where nobody waited for it. */
  | {
      readonly kind: 'saved';
      readonly list: SavedList;
      readonly tried: ListFailure | undefined;
      readonly joined: boolean;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** Its caller is not there any more. */
  | { readonly kind: 'left' };

/** What the upstream has just said. */
export function liveAnswer(
  { body, contentType }: Pick<Answer, 'body' | 'contentType'>,
  { stored, joined }: { stored: boolean; joined: boolean },
): ListAnswer {
  return { kind: 'live', body, contentType, stored, joined };
}

/** The saved list, without waiting for the upstream. */
export function unasked(list: SavedList): ListAnswer {
  return { kind: 'saved', list, tried: undefined, joined: false };
}

/** The refusal where there is neither an answer nor a saved list. `waitMs`: when asking again makes sense. */
export function noList(why: ListFailure, waitMs: number): ListAnswer {
  const headers = retryAfter(waitMs);
  const refusal =
    why === 'timeout'
      ? new Refusal(
          'upstream-timeout',
          'The list did not come in time, and there is no saved one to give. Ask again after Retry-After: the call may still bring it.',
          { headers },
        )
      : new Refusal(
          'upstream-unreachable',
          why === 'unreachable'
            ? 'The upstream cannot be reached, and there is no saved list to give. Ask again after Retry-After.'
            : 'The upstream gave no usable answer, and there is no saved list to give. Ask again after Retry-After.',
          { headers },
        );
  return { kind: 'refused', refusal };
}

/** The refusal where no further slow call may be made, and nothing is saved. `waitMs`: when asking again makes sense. */
export function noPlace(waitMs: number): ListAnswer {
  const refusal = new Refusal(
    'upstream-timeout',
    'Too many slow lists are under way already, and there is no saved one to give. Ask again after Retry-After.',
    { headers: retryAfter(waitMs) },
  );
  return { kind: 'refused', refusal };
}

export function notSaved(): ListAnswer {
  return {
    kind: 'refused',
    refusal: new Refusal(
      'list-not-saved',
      'No list is saved that only-if-cached and max-age allow. Ask without only-if-cached.',
    ),
  };
}
