import { shuttingDown, type Refusal } from '../errors.ts';
import type { Trace } from '../gewe/headers.ts';
import { isGoodList, retOf, saysTimeout, type Answer, type Outcome } from '../gewe/outcome.ts';
import type { Subject, Upstream } from '../gewe/upstream.ts';
import type { ListFetch } from '../history/ports.ts';
import type { ListSettings } from '../settings/settings.ts';
import type { Clock } from '../time.ts';
import type { Breaker } from './breaker.ts';
import type { Faults } from './faults.ts';
import { countIds } from './list-facts.ts';
import type { Polls } from './polls.ts';
import type { SavedList } from './ports.ts';
import type { SavedLists } from './saved-lists.ts';

/** An answer from GEWE that can be passed on. */
export type GeweAnswer = Pick<Answer, 'body' | 'contentType'>;

/** Why there is no list from the upstream. */
export type ListFailure =
  | { readonly why: 'unreachable' | 'token-rejected' }
  /** `answer`: GEWE says itself that it timed out; missing if nothing arrived in time. */
  | { readonly why: 'timeout'; readonly answer?: GeweAnswer }
  | { readonly why: 'invalid'; readonly outcome: Extract<Outcome, { kind: 'invalid' }> };

export type RefreshResult =
  | { readonly kind: 'list'; readonly list: SavedList; readonly contentType: string }
  /** GEWE's error for an account or a parameter. */
  | { readonly kind: 'other'; readonly answer: GeweAnswer }
  /** GEWE's `ret` 200 without a good list: no `data`, another shape, not one id. */
  | { readonly kind: 'no-list'; readonly answer: GeweAnswer }
  | { readonly kind: 'failed'; readonly failure: ListFailure }
  /** The gateway is stopping: a saved list does not replace this. */
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What goes upstream: the bytes of the first caller. */
export interface RefreshRequest {
  readonly appId: string;
  readonly body: Buffer;
  readonly trace: Trace;
}

export interface RefreshParts {
  readonly upstream: Pick<Upstream, 'call'>;
  readonly polls: Pick<Polls, 'start'>;
  readonly savedLists: Pick<SavedLists, 'save'>;
  readonly breaker: Pick<Breaker, 'overdue'>;
  readonly clock: Clock;
  readonly settings: Pick<ListSettings, 'deadlineMs' | 'hardLimitMs'>;
  readonly faults: Faults;
  /** The call is over, and its list is saved if one came. `isLate`: after the deadline, so that callers got another answer. */
  onFetched(fetch: ListFetch, isLate: boolean): void;
}

/**
 * Fetches an account's list in one call, which may take up to the hard limit, and saves it. From the deadline on GEWE's
 * cache is polled, too.
 * A list that a poll finds does not end the call: its own list is newer, and replaces that one.
 *
 * @param onPolled gets the list that a poll finds before the call ends
 */
export async function refresh(
  { appId, body, trace }: RefreshRequest,
  parts: RefreshParts,
  onPolled: (list: SavedList) => void,
): Promise<RefreshResult> {
  const { upstream, savedLists, breaker, clock, settings, faults, onFetched } = parts;
  const operation = 'fetchContactsList';
  const subject: Subject = { operation, appId };
  const polling = parts.polls.start(appId, trace, clock.now(), onPolled);
  const overdue = setTimeout(
    () => faults.contain(() => breaker.overdue(subject)),
    settings.deadlineMs,
  );
  const startedAt = clock.monotonic();
  try {
    const outcome = await upstream.call(subject, {
      kind: 'read',
      path: `contacts/${operation}`,
      body,
      trace,
      deadlineMs: settings.hardLimitMs,
    });
    clearTimeout(overdue);
    const [at, durationMs] = [clock.now(), clock.monotonic() - startedAt];
    const result = resultOf(outcome, at);
    if (result.kind === 'list') await savedLists.save(appId, result.list);
    const fetch = {
      appId,
      at,
      durationMs,
      requestId: trace.requestId,
      ...fetched(result, outcome),
    };
    faults.contain(() => onFetched(fetch, durationMs >= settings.deadlineMs));
    if (result.kind === 'list' || result.kind === 'other') polling.end();
    else if (!mayStillCome(outcome, result)) polling.endOwn();
    return result;
  } finally {
    clearTimeout(overdue);
    polling.release();
  }
}

/** The call, as the history has it. */
function fetched(
  result: RefreshResult,
  outcome: Outcome,
): Pick<ListFetch, 'outcome' | 'bytes' | 'friends' | 'chatrooms' | 'ghs'> {
  const none = { bytes: undefined, friends: undefined, chatrooms: undefined, ghs: undefined };
  if (result.kind === 'failed') return { outcome: result.failure.why, ...none };
  if (result.kind === 'refused') return { outcome: 'aborted', ...none };
  if (result.kind !== 'list' || outcome.kind !== 'answered') {
    return { outcome: result.kind, ...none };
  }
  const { body, json } = outcome.answer;
  return { outcome: 'list', bytes: body.length, ...countIds(json) };
}

/** The result if the gateway itself failed to make the call. */
export const FAULT: RefreshResult = {
  kind: 'failed',
  failure: {
    why: 'invalid',
    outcome: { kind: 'invalid', why: 'an answer that the gateway failed to handle' },
  },
};

/** What the outcome of the refresh means for its callers. */
export function resultOf(outcome: Outcome, now: number): RefreshResult {
  switch (outcome.kind) {
    case 'answered':
      return readAnswered(outcome.answer, now);
    case 'aborted':
      return { kind: 'refused', refusal: shuttingDown() };
    case 'invalid':
      return { kind: 'failed', failure: { why: 'invalid', outcome } };
    case 'timeout':
    case 'unreachable':
    case 'token-rejected':
      return { kind: 'failed', failure: { why: outcome.kind } };
    default:
      return outcome satisfies never;
  }
}

function readAnswered(answer: Answer, now: number): RefreshResult {
  const { body, contentType, json } = answer;
  if (isGoodList(json)) {
    return { kind: 'list', list: { body, savedAt: now, source: 'live' }, contentType };
  }
  const ret = retOf(json);
  if (ret === undefined) {
    const outcome = { kind: 'invalid', why: 'JSON without `ret`' } as const;
    return { kind: 'failed', failure: { why: 'invalid', outcome } };
  }
  if (ret === 200) return { kind: 'no-list', answer: { body, contentType } };
  if (saysTimeout(json)) {
    return { kind: 'failed', failure: { why: 'timeout', answer: { body, contentType } } };
  }
  return { kind: 'other', answer: { body, contentType } };
}

/** Whether GEWE may still be working on the list, so that its cache can have it soon. */
function mayStillCome(outcome: Outcome, result: RefreshResult): boolean {
  if (result.kind !== 'failed' || result.failure.why === 'token-rejected') return false;
  if (outcome.kind === 'unreachable') return outcome.sent;
  // A status below 500 did not come from GEWE.
  return outcome.kind !== 'invalid' || outcome.status === undefined || outcome.status >= 500;
}
