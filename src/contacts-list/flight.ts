import type { Clock } from '../clock.ts';
import { shuttingDown, type Refusal } from '../errors.ts';
import { tokenRejected } from '../gewe/answer-or-refusal.ts';
import { isGoodList } from '../gewe/contacts-list.ts';
import { hasVerdict, type Answer, type Outcome } from '../gewe/outcome.ts';
import type { SavedList } from './ports.ts';

/** Why there is no list from the upstream. */
export type ListFailure = 'timeout' | 'unreachable' | 'invalid';

export type FlightResult =
  | { readonly kind: 'list'; readonly list: SavedList; readonly contentType: string }
  /** The vendor's word on an account or a parameter. */
  | { readonly kind: 'other'; readonly answer: Pick<Answer, 'body' | 'contentType'> }
  | { readonly kind: 'failed'; readonly why: ListFailure }
  /** Nothing that a list could stand in for. */
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** One slow call under way, shared by all who ask for that account. */
export interface Flight {
  readonly startedAt: number;
  /** The first good list, from whichever endpoint, or what the slow call came to without one. Never rejects. */
  readonly first: Promise<FlightResult>;
  /** What the slow call itself came to; its list is saved by then. Never rejects. */
  readonly landing: Promise<FlightResult>;
}

export interface FlightParts {
  readonly clock: Clock;
  /** Makes the slow call. */
  call(): Promise<Outcome>;
  /** Asks the upstream's cache endpoint; a good list is saved when this resolves, undefined where it has none. */
  askCache(): Promise<SavedList | undefined>;
  /** Saves the slow call's list; resolves also where the store fails. */
  save(list: SavedList): Promise<void>;
  /** The slow call has passed the deadline without an answer. */
  overdue(): void;
  readonly deadlineMs: number;
  readonly pollMs: number;
}

/**
 * Starts the slow call and, while it runs, polls the cache endpoint as the vendor's page advises. The call is not
 * ended when a poll was quicker: its own answer is newer, and replaces what the poll brought.
 */
export function startFlight(parts: FlightParts): Flight {
  const { clock, pollMs, deadlineMs } = parts;
  const startedAt = clock.now();
  const { promise: first, resolve } = Promise.withResolvers<FlightResult>();

  const overdue = setTimeout(() => parts.overdue(), deadlineMs);
  const poll = setInterval(() => {
    void parts.askCache().then((list) => {
      if (list === undefined) return;
      clearInterval(poll);
      resolve({ kind: 'list', list, contentType: 'application/json' });
    });
  }, pollMs);

  const landing = parts.call().then(async (outcome) => {
    clearTimeout(overdue);
    clearInterval(poll);
    const result = landingOf(outcome, clock.now());
    if (result.kind === 'list') await parts.save(result.list);
    resolve(result);
    return result;
  });
  return { startedAt, first, landing };
}

/** What the slow call's outcome is to those who wait for a list. */
export function landingOf(outcome: Outcome, now: number): FlightResult {
  switch (outcome.kind) {
    case 'answered': {
      const { answer } = outcome;
      if (isGoodList(answer.json)) {
        const list: SavedList = { body: answer.body, savedAt: now, source: 'live' };
        return { kind: 'list', list, contentType: answer.contentType };
      }
      if (!hasVerdict(answer.json)) return { kind: 'failed', why: 'invalid' };
      return { kind: 'other', answer };
    }
    case 'token-rejected':
      return { kind: 'refused', refusal: tokenRejected() };
    case 'aborted':
      return { kind: 'refused', refusal: shuttingDown() };
    case 'invalid':
      return { kind: 'failed', why: 'invalid' };
    case 'timeout':
      return { kind: 'failed', why: 'timeout' };
    case 'unreachable':
      return { kind: 'failed', why: 'unreachable' };
    default:
      return outcome satisfies never;
  }
}
