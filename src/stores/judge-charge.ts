import { judge, usageOf } from '../add-contacts/rules.ts';
import type { Attempt, QuotaRule, QuotaUsage, Verdict } from '../add-contacts/rules.ts';

export interface JudgedCharge {
  readonly verdict: Verdict;
  /** As it stands once the verdict is carried out. */
  readonly usage: QuotaUsage[];
}

/**
 * What every ledger does between reading and writing. `history` holds what the account was charged, at least
 * within the longest window of `rules`. A rule of another kind is reported but has no say.
 */
export function judgeCharge(
  rules: readonly QuotaRule[],
  history: readonly Attempt[],
  attempt: Attempt,
): JudgedCharge {
  const before = usageOf(rules, history, attempt.target, attempt.at);
  const verdict = judge(before.filter((one) => one.rule.kind === attempt.kind));
  const usage =
    verdict.kind === 'refused'
      ? before
      : usageOf(rules, [...history, attempt], attempt.target, attempt.at);
  return { verdict, usage };
}

/** How far back a history must reach for `rules`, in milliseconds. */
export function longestWindowMs(rules: readonly QuotaRule[]): number {
  return Math.max(0, ...rules.map((rule) => rule.windowMs));
}
