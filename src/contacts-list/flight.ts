import type { Clock } from '../time.ts';
import { shuttingDown, type Refusal } from '../errors.ts';
import { isGoodList } from '../gewe/contacts-list.ts';
import { retOf, saysTimeout, type Answer, type Outcome } from '../gewe/outcome.ts';
import type { PolledCall } from './polls.ts';
import type { SavedList } from './ports.ts';

/** An answer of the vendor that can be passed on. */
export type VendorAnswer = Pick<Answer, 'body' | 'contentType'>;

/** Why there is no list from the upstream. */
export type ListFailure =
  | { readonly why: 'unreachable' | 'token-rejected' }
  /** `answer`: the vendor's own word for it; missing if nothing came in time. */
  | { readonly why: 'timeout'; readonly answer?: VendorAnswer }
  | { readonly why: 'invalid'; readonly came: Extract<Outcome, { kind: 'invalid' }> };

export type FlightResult =
  | { readonly kind: 'list'; readonly list: SavedList; readonly contentType: string }
  /** The vendor's word on an account or a parameter. */
  | { readonly kind: 'other'; readonly answer: VendorAnswer }
  /** The vendor's `ret` 200 without a good list: no `data`, another shape, not one id. */
  | { readonly kind: 'no-list'; readonly answer: VendorAnswer }
  | { readonly kind: 'failed'; readonly failure: ListFailure }
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
  /** Polls the upstream's cache endpoint from the deadline on; `onFound` gets the list that this brings. */
  startPolls(startedAt: number, onFound: (list: SavedList) => void): PolledCall;
  /** Saves the slow call's list; resolves also if the store fails. */
  save(list: SavedList): Promise<void>;
  /** The slow call has passed the deadline without an answer. */
  overdue(): void;
  readonly deadlineMs: number;
  /** A fault of ours on the way, for the log. */
  onFault(error: unknown): void;
}

/**
 * Starts the slow call. It is not ended when a poll was quicker: its own answer is newer, and replaces what the poll
 * brought.
 */
export function startFlight(parts: FlightParts): Flight {
  const { clock, deadlineMs, onFault } = parts;
  const startedAt = clock.now();
  const { promise: first, resolve } = Promise.withResolvers<FlightResult>();
  const polled = parts.startPolls(startedAt, (list) =>
    resolve({ kind: 'list', list, contentType: 'application/json' }),
  );

  async function land(): Promise<FlightResult> {
    const overdue = setTimeout(() => parts.overdue(), deadlineMs);
    const outcome = await parts.call().finally(() => clearTimeout(overdue));
    const result = landingOf(outcome, clock.now());
    if (result.kind === 'list') await parts.save(result.list);
    if (result.kind === 'list' || result.kind === 'other') polled.end();
    else if (!mayStillCome(outcome, result)) polled.withdraw();
    return result;
  }

  const landing = land().catch((error: unknown) => {
    onFault(error);
    return FAULT;
  });
  void landing.then((result) => {
    polled.release();
    resolve(result);
  });
  return { startedAt, first, landing };
}

/** The result of a call that the gateway itself could not bring to its end. */
export const FAULT: FlightResult = {
  kind: 'failed',
  failure: {
    why: 'invalid',
    came: { kind: 'invalid', why: 'an answer that the gateway failed to handle' },
  },
};

/** What the slow call's outcome is to those who wait for a list. */
export function landingOf(outcome: Outcome, now: number): FlightResult {
  switch (outcome.kind) {
    case 'answered':
      return readAnswered(outcome.answer, now);
    case 'aborted':
      return { kind: 'refused', refusal: shuttingDown() };
    case 'invalid':
      return { kind: 'failed', failure: { why: 'invalid', came: outcome } };
    case 'timeout':
    case 'unreachable':
    case 'token-rejected':
      return { kind: 'failed', failure: { why: outcome.kind } };
    default:
      return outcome satisfies never;
  }
}

function readAnswered(answer: Answer, now: number): FlightResult {
  const { body, contentType, json } = answer;
  if (isGoodList(json)) {
    return { kind: 'list', list: { body, savedAt: now, source: 'live' }, contentType };
  }
  const ret = retOf(json);
  if (ret === undefined) {
    const came = { kind: 'invalid', why: 'JSON without `ret`' } as const;
    return { kind: 'failed', failure: { why: 'invalid', came } };
  }
  if (ret === 200) return { kind: 'no-list', answer: { body, contentType } };
  if (saysTimeout(json)) {
    return { kind: 'failed', failure: { why: 'timeout', answer: { body, contentType } } };
  }
  return { kind: 'other', answer: { body, contentType } };
}

/** Whether the vendor may be working on the list all the same, so that its cache can have it soon. */
function mayStillCome(outcome: Outcome, result: FlightResult): boolean {
  if (result.kind !== 'failed' || result.failure.why === 'token-rejected') return false;
  if (outcome.kind === 'unreachable') return outcome.sent;
  // With a status below 500 it was not GEWE that was reached.
  return outcome.kind !== 'invalid' || outcome.status === undefined || outcome.status >= 500;
}
