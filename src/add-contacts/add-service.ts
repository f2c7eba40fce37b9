import type { Clock } from '../time.ts';
import { Refusal } from '../errors.ts';
import { answerOrRefusal } from '../gewe/answer-or-refusal.ts';
import type { Trace } from '../gewe/headers.ts';
import { retOf, type Answer, type Outcome } from '../gewe/outcome.ts';
import type { Upstream } from '../gewe/upstream.ts';
import type { AttemptJournal, AttemptOutcome, NewAttemptEntry } from '../history/ports.ts';
import { isYoungerThan, onlineSinceOf, type Standing } from './account-age.ts';
import type { Accounts } from './accounts.ts';
import { acceptRules, addRules, type AddContactsPolicy } from './policy.ts';
import type { Ledger } from './ports.ts';
import { exhausted, tooYoung } from './refusals.ts';
import { entryFacts, type Asker } from './journal-entry.ts';
import type { AddRequest } from './request.ts';
import type { AttemptKind, QuotaRule, QuotaUsage } from './rules.ts';

export interface AddCall extends Asker {
  readonly appId: string;
  readonly request: AddRequest;
  /** As it came. */
  readonly body: Buffer;
  readonly trace: Trace;
  /** Settles as `call` does, and notes for the log how long this request waited for the upstream. */
  waitFor<T>(call: Promise<T>): Promise<T>;
}

/** The result of an attempt. `spent`: the upstream may have carried it out. */
export type AddResult = { readonly usage: readonly QuotaUsage[]; readonly spent: boolean } & (
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
);

export interface AddService {
  /** Decides, charges and sends. Rejects only if a store fails before the attempt is sent. */
  attempt(call: AddCall): Promise<AddResult>;
  /**
   * The usage of the account's quotas of these kinds; of those per target only if a target is given. Charges nothing.
   */
  usage(appId: string, kinds: readonly AttemptKind[], target?: string): Promise<QuotaUsage[]>;
}

interface AddServiceParts {
  readonly upstream: Pick<Upstream, 'call'>;
  readonly ledger: Ledger;
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly policy: AddContactsPolicy;
  /** For the whole answer, milliseconds. */
  readonly timeoutMs: number;
  readonly journal: Pick<AttemptJournal, 'begin' | 'complete'>;
  /** The outcome of an attempt could not be written. Until it is, it stays pending, and so becomes unknown. */
  onJournalError(error: unknown): void;
  /** An attempt that the policy lets pass but GEWE warns of. */
  onWarning(appId: string, what: 'account-too-young' | 'accepting-early'): void;
}

export function createAddService(parts: AddServiceParts): AddService {
  const { upstream, ledger, accounts, clock, policy, timeoutMs, journal, onWarning } = parts;

  const rulesFor = (kind: AttemptKind, standing: Standing): QuotaRule[] =>
    kind === 'add' ? addRules(policy.add, onlineSinceOf(standing)) : acceptRules(policy.accept);

  async function usage(appId: string, kinds: readonly AttemptKind[], target?: string) {
    const standing = await accounts.standing(appId);
    const rules = kinds.flatMap((kind) => rulesFor(kind, standing));
    return ledger.usage(appId, rules, target);
  }

  /**
   * Whether the account is too young for the attempt; may only warn. Accepting is never refused, because it is less
   * risky than adding.
   */
  function isRefusedForAge(appId: string, kind: AttemptKind, standing: Standing): boolean {
    const { minimumMs, mode } = policy.accountAge;
    const now = clock.now();
    if (kind === 'accept') {
      const isEarly = isYoungerThan(standing, policy.accept.warnUnderMs, now);
      if (isEarly) onWarning(appId, 'accepting-early');
      return false;
    }
    if (mode === 'off' || !isYoungerThan(standing, minimumMs, now)) return false;
    if (mode === 'warn') onWarning(appId, 'account-too-young');
    return mode === 'block';
  }

  /** Checks an account that was never seen. The attempt waits for that only if it can be refused for age. */
  async function standingFor(kind: AttemptKind, appId: string, trace: Trace): Promise<Standing> {
    const standing = await accounts.standing(appId);
    if (standing.kind !== 'unknown') return standing;
    const check = accounts.checkOnline(appId, trace);
    if (kind === 'add' && policy.accountAge.mode === 'block') {
      await check;
      return accounts.standing(appId);
    }
    // The store reports its failures itself.
    check.catch(() => undefined);
    return standing;
  }

  /** Sent once, and completed even if its caller leaves: it counts either way. */
  function send({ appId, body, trace, waitFor }: AddCall): Promise<Outcome> {
    const path = 'contacts/addContacts';
    const call = { kind: 'charged', path, body, trace, deadlineMs: timeoutMs } as const;
    return waitFor(upstream.call({ operation: 'addContacts', appId }, call));
  }

  const entryOf = (call: AddCall): NewAttemptEntry => ({
    ...entryFacts(call),
    // checkOnline comes before the entry, and a repeat after a rejected token is within the same deadline.
    deadlineMs: timeoutMs,
  });

  /** Nobody waits for this: the attempt itself is over. */
  function complete(appId: string, entryId: string, outcome: Outcome): void {
    journal.complete(appId, entryId, journaled(outcome)).catch(parts.onJournalError);
  }

  /** Not charged, but refused like every addContacts while the store cannot keep charges. */
  async function reject(call: AddCall): Promise<AddResult> {
    const before = await usage(call.appId, ['add']);
    // Last: if anything fails between this and the sending, the attempt would count as unknown.
    const entryId = await journal.begin(entryOf(call));
    const outcome = await send(call);
    complete(call.appId, entryId, outcome);
    return conclude(outcome, before);
  }

  return {
    usage,
    async attempt(call) {
      const { appId, request, trace } = call;
      if (request.kind === 'reject') return reject(call);

      const { kind, target } = request;
      const standing = await standingFor(kind, appId, trace);
      if (isRefusedForAge(appId, kind, standing)) {
        const current = await usage(appId, [kind], target);
        const quotasOpenAt = Math.max(...current.map(({ opensAt }) => opensAt));
        const { minimumMs } = policy.accountAge;
        const refusal = tooYoung(standing, minimumMs, quotasOpenAt, clock.now());
        return { kind: 'refused', refusal, usage: current, spent: false };
      }

      const rules = rulesFor(kind, standing);
      const charge = await ledger.charge(appId, { kind, target }, rules, entryOf(call));
      if (charge.kind === 'refused') {
        const { rule, retryAt: opensAt, usage: current, at } = charge;
        const refusal = exhausted({ rule, opensAt, usage: current }, at);
        return { kind: 'refused', refusal, usage: current, spent: false };
      }

      const outcome = await send(call);
      if (isSent(outcome)) {
        complete(appId, charge.entryId, outcome);
        return conclude(outcome, charge.usage);
      }
      await ledger.refund(appId, charge);
      return conclude(outcome, await usage(appId, [kind], target));
    },
  };
}

/** Whether the upstream may have got the request. */
function isSent(outcome: Outcome): boolean {
  return !('sent' in outcome) || outcome.sent;
}

/** What the journal says of an attempt. */
function journaled(outcome: Outcome): AttemptOutcome {
  if (!isSent(outcome)) return { kind: 'returned' };
  if (outcome.kind === 'answered') return { kind: 'sent', ret: retOf(outcome.answer.json) };
  if (outcome.kind === 'token-rejected') {
    return { kind: 'refused', code: 'upstream-token-rejected', rule: undefined };
  }
  return { kind: 'unknown' };
}

/** Whether the upstream may have carried it out: not if it never got the request or rejected our token. */
function isSpent(outcome: Outcome): boolean {
  return isSent(outcome) && outcome.kind !== 'token-rejected';
}

function conclude(outcome: Outcome, usage: readonly QuotaUsage[]): AddResult {
  const spent = isSpent(outcome);
  const answer =
    outcome.kind === 'aborted' && outcome.sent ? endedByStop() : answerOrRefusal(outcome);
  return answer instanceof Refusal
    ? { kind: 'refused', refusal: answer, usage, spent }
    : { kind: 'answered', answer, usage, spent };
}

/**
 * The upstream has the request and may still carry it out, so the refusal must not suggest that trying again is safe.
 */
function endedByStop(): Refusal {
  return new Refusal(
    'upstream-timeout',
    'The gateway was stopped before the upstream answered. The request may have been carried out.',
  );
}
