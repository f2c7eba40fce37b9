/**
 * The arithmetic of quotas: turns the rules, what was charged before and the time into a verdict. Pure, so that every
 * store decides in the same way inside its own transaction.
 */
import type { RefusalCode } from '../errors.ts';

export type AttemptKind = 'add' | 'accept';

/** One addContacts that was charged. */
export interface Attempt {
  readonly kind: AttemptKind;
  /** The person: a hash of `v3`, so that a store holds no contact. */
  readonly target: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A limit and the instant from which it applies. A rule has at least one step, and its first has no beginning. */
export interface LimitStep {
  /** Milliseconds since the epoch; `-Infinity` for the first step. */
  readonly from: number;
  readonly limit: number;
}

/**
 * "At most `limit` in any `windowMs`." A gap between two is the same sentence with a limit of one.
 * The window slides and is half open: what was charged at t counts until just before t + windowMs.
 */
export interface QuotaRule {
  /** As in the RateLimit headers. */
  readonly name: string;
  /** The code of a refusal by this rule. */
  readonly code: RefusalCode;
  readonly kind: AttemptKind;
  /** Whether it counts all attempts of the account, or only those at the same target. */
  readonly per: 'account' | 'target';
  readonly windowMs: number;
  readonly limits: readonly LimitStep[];
  /** Before this instant it counts as used up, whatever was charged. Milliseconds since the epoch. */
  readonly usedUpUntil?: number;
}

export interface QuotaUsage {
  readonly rule: QuotaRule;
  /** The limit in force now. */
  readonly limit: number;
  readonly left: number;
  /** When at least one is left: now, or the instant at which the next one comes free. */
  readonly opensAt: number;
  /** When the oldest that counts stops counting; now if nothing counts. */
  readonly nextFreedAt: number;
  /** When the attempts that count were charged, newest first. Milliseconds since the epoch. */
  readonly counted: readonly number[];
}

export type Verdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly rule: QuotaRule; readonly retryAt: number };

export interface JudgedCharge {
  readonly verdict: Verdict;
  /** The usage after the verdict is carried out. */
  readonly usage: QuotaUsage[];
}

/**
 * What a ledger decides between reading and writing. Rules of another kind than the attempt's are reported but do not
 * count.
 *
 * @param history what the account was charged, in any order, at least as far back as `historyNeeded` says
 */
export function judgeCharge(
  rules: readonly QuotaRule[],
  history: readonly Attempt[],
  attempt: Attempt,
): JudgedCharge {
  const { kind, target, at } = attempt;
  const isAllowed = rules
    .filter((rule) => rule.kind === kind)
    .every((rule) => leftOf(rule, countedBy(rule, history, target, at), at) > 0);
  if (isAllowed) {
    return {
      verdict: { kind: 'allowed' },
      usage: usageOf(rules, [...history, attempt], target, at),
    };
  }
  const usage = usageOf(rules, history, target, at);
  return { verdict: judge(usage.filter((one) => one.rule.kind === kind)), usage };
}

/** How far back a history must reach for `rules`, in milliseconds: for attempts at any target, and at the same one. */
export function historyNeeded(rules: readonly QuotaRule[]): {
  readonly anyTargetMs: number;
  readonly sameTargetMs: number;
} {
  let [anyTargetMs, sameTargetMs] = [0, 0];
  for (const { per, windowMs } of rules) {
    if (per === 'account') anyTargetMs = Math.max(anyTargetMs, windowMs);
    sameTargetMs = Math.max(sameTargetMs, windowMs);
  }
  return { anyTargetMs, sameTargetMs };
}

/** The usage of each rule for `target` at `now`. Without a target, rules per target are left out. */
export function usageOf(
  rules: readonly QuotaRule[],
  history: readonly Attempt[],
  target: string | undefined,
  now: number,
): QuotaUsage[] {
  return rules
    .filter((rule) => rule.per === 'account' || target !== undefined)
    .map((rule) => {
      const counted = countedBy(rule, history, target, now);
      counted.sort((a, b) => b - a);
      const oldest = counted.at(-1);
      return {
        rule,
        limit: limitAt(rule, now),
        left: leftOf(rule, counted, now),
        opensAt: opensAt(rule, counted, now),
        nextFreedAt: oldest === undefined ? now : oldest + rule.windowMs,
        counted,
      };
    });
}

function leftOf(rule: QuotaRule, counted: readonly number[], now: number): number {
  const isUsedUp = rule.usedUpUntil !== undefined && now < rule.usedUpUntil;
  return isUsedUp ? 0 : Math.max(0, limitAt(rule, now) - counted.length);
}

/** The instants of the attempts that count for `rule`, in the order of `history`. */
function countedBy(
  rule: QuotaRule,
  history: readonly Attempt[],
  target: string | undefined,
  now: number,
): number[] {
  const after = now - rule.windowMs;
  const counted: number[] = [];
  for (const attempt of history) {
    if (attempt.kind !== rule.kind || attempt.at <= after) continue;
    if (rule.per === 'account' || attempt.target === target) counted.push(attempt.at);
  }
  return counted;
}

/**
 * Allowed if every rule has one left. Of several rules that refuse, the verdict names the one that opens last: an
 * attempt at its instant passes them all.
 */
export function judge(usage: readonly QuotaUsage[]): Verdict {
  const refusing = usage.filter((one) => one.left === 0);
  const [first, ...others] = refusing;
  if (first === undefined) return { kind: 'allowed' };
  const last = others.reduce((a, b) => (b.opensAt > a.opensAt ? b : a), first);
  return { kind: 'refused', rule: last.rule, retryAt: last.opensAt };
}

/** The limit in force at `now`, milliseconds since the epoch. */
export function limitAt(rule: QuotaRule, now: number): number {
  return rule.limits.findLast((step) => step.from <= now)?.limit ?? 0;
}

/**
 * The first instant at which an account could add a person that it has not added before, if nothing else is charged
 * until then. Undefined if it could now.
 *
 * One rule opens at an instant at which another may be closed, because limits change with the age of the account. So
 * the rules are asked in turn from the latest instant on, until all of them are open at the same one.
 *
 * @param usage the usage at `now`; rules per target and those for accepting do not matter
 * @param oldEnoughAt when the account is old enough to add, milliseconds since the epoch; `-Infinity` if its age does
 *   not matter
 * @param now milliseconds since the epoch
 */
export function nextAddAt(
  usage: readonly QuotaUsage[],
  oldEnoughAt: number,
  now: number,
): number | undefined {
  const deciding = usage.filter(({ rule }) => rule.kind === 'add' && rule.per === 'account');
  let instant = Math.max(now, oldEnoughAt);
  for (let before = -Infinity; before !== instant;) {
    before = instant;
    for (const { rule, counted } of deciding) instant = opensAt(rule, counted, instant);
  }
  return instant === now ? undefined : instant;
}

/**
 * The first instant, from `now` on, at which fewer attempts count than the limit of that instant. The limit changes
 * with the age of the account, so each step is searched for a free instant within its own span.
 */
function opensAt(rule: QuotaRule, newestFirst: readonly number[], now: number): number {
  const notBefore = Math.max(now, rule.usedUpUntil ?? -Infinity);
  for (const [index, step] of rule.limits.entries()) {
    const until = rule.limits[index + 1]?.from ?? Infinity;
    if (until <= notBefore || step.limit === 0) continue;
    const blocking = newestFirst[step.limit - 1];
    const free = blocking === undefined ? -Infinity : blocking + rule.windowMs;
    const instant = Math.max(notBefore, step.from, free);
    if (instant < until) return instant;
  }
  return Infinity;
}
