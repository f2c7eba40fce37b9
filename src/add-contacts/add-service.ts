import type { Clock } from '../clock.ts';
import { Refusal, retryAt } from '../errors.ts';
import { answerOrRefusal } from '../gewe/answer-or-refusal.ts';
import type { Trace } from '../gewe/headers.ts';
import type { Answer, Outcome } from '../gewe/outcome.ts';
import { isYoungerThan, onlineSinceOf, tooYoung, type Standing } from './account-age.ts';
import type { Accounts } from './accounts.ts';
import type { AddContactsPolicy } from './policy.ts';
import type { Ledger } from './ports.ts';
import { acceptRules, addRules } from './quota-rules.ts';
import type { AddRequest } from './request.ts';
import type { QuotaRule, QuotaUsage } from './rules.ts';

export interface AddCall {
  readonly appId: string;
  readonly request: AddRequest;
  readonly trace: Trace;
  /** Sends it to the upstream, once. */
  send(): Promise<Outcome>;
}

/** What became of an attempt. `spent` is whether the upstream may have carried it out. */
export type AddResult = { readonly usage: readonly QuotaUsage[]; readonly spent: boolean } & (
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
);

export interface AddService {
  /** Decides, charges, sends. Rejects only where a store fails before the attempt is sent. */
  attempt(call: AddCall): Promise<AddResult>;
  /** How the rules of an account stand, all of them or those of one kind. Charges nothing. */
  usage(appId: string, kind: 'add' | 'all', standing?: Standing): Promise<QuotaUsage[]>;
}

interface AddServiceParts {
  readonly ledger: Ledger;
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly policy: AddContactsPolicy;
  /** An attempt that the policy lets pass but the vendor warns of. */
  onWarning(appId: string, what: 'account-too-young' | 'accepting-early'): void;
}

export function createAddService(parts: AddServiceParts): AddService {
  const { ledger, accounts, clock, policy, onWarning } = parts;

  const rulesFor = (kind: 'add' | 'accept', standing: Standing): QuotaRule[] =>
    kind === 'add'
      ? addRules(policy.add, onlineSinceOf(standing, clock.now()))
      : acceptRules(policy.accept);

  async function usage(appId: string, kind: 'add' | 'all', known?: Standing) {
    const standing = known ?? (await accounts.standing(appId));
    const rules = rulesFor('add', standing);
    if (kind === 'all') rules.push(...rulesFor('accept', standing));
    return ledger.usage(appId, rules, undefined, clock.now());
  }

  /** The rule of age. Accepting only warns: who is asked first runs a smaller risk than who asks. */
  function ageRefusal(appId: string, kind: 'add' | 'accept', standing: Standing) {
    const { minimumMs, mode } = policy.accountAge;
    const now = clock.now();
    if (kind === 'accept') {
      const isEarly = isYoungerThan(standing, policy.accept.warnUnderMs, now);
      if (isEarly) onWarning(appId, 'accepting-early');
      return undefined;
    }
    if (mode === 'off' || !isYoungerThan(standing, minimumMs, now)) return undefined;
    if (mode === 'block') return tooYoung(standing, minimumMs, now);
    onWarning(appId, 'account-too-young');
    return undefined;
  }

  async function reject({ appId, send }: AddCall): Promise<AddResult> {
    const before = await usage(appId, 'add');
    return conclude(await send(), before);
  }

  return {
    usage,
    async attempt(call) {
      const { appId, request, trace, send } = call;
      if (request.kind === 'reject') return reject(call);

      const { kind, target } = request;
      const standing = await accounts.standingAfterAsking(appId, trace);
      const rules = rulesFor(kind, standing);
      const refusal = ageRefusal(appId, kind, standing);
      if (refusal !== undefined) {
        const current = await ledger.usage(appId, rules, target, clock.now());
        return { kind: 'refused', refusal, usage: current, spent: false };
      }

      const now = clock.now();
      const charge = await ledger.charge(appId, { kind, target, at: now }, rules);
      if (charge.kind === 'refused') {
        const { rule, retryAt: opens, usage: current } = charge;
        return {
          kind: 'refused',
          refusal: exhausted(rule, opens, now),
          usage: current,
          spent: false,
        };
      }

      const outcome = await send();
      const neverSent = outcome.kind === 'unreachable' && !outcome.sent;
      if (!neverSent) return conclude(outcome, charge.usage);
      await ledger.refund(appId, charge.attemptId);
      const current = await ledger.usage(appId, rules, target, clock.now());
      return conclude(outcome, current);
    },
  };
}

/** Whether the upstream may have carried it out: not where it never got it, nor where it turned our token away. */
function isSpent(outcome: Outcome): boolean {
  if (outcome.kind === 'unreachable') return outcome.sent;
  return outcome.kind !== 'token-rejected';
}

function conclude(outcome: Outcome, usage: readonly QuotaUsage[]): AddResult {
  const spent = isSpent(outcome);
  const answer = answerOrRefusal(outcome);
  return answer instanceof Refusal
    ? { kind: 'refused', refusal: answer, usage, spent }
    : { kind: 'answered', answer, usage, spent };
}

function exhausted(rule: QuotaRule, opensAt: number, now: number): Refusal {
  const limit = rule.limits.findLast((step) => step.from <= now)?.limit;
  const window = `${rule.windowMs / 60_000} minutes`;
  return new Refusal(
    rule.code,
    `The rule ${rule.name} allows ${limit} in any ${window}. Nothing was sent or charged; try again at retryAt.`,
    retryAt(opensAt, now),
  );
}
