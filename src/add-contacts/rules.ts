/**
 * The arithmetic of quotas: what was charged before, the rules, and now; out comes a verdict. Pure, so that every
 * store decides alike inside its own transaction.
 */
import type { RefusalCode } from '../errors.ts';

export type AttemptKind = 'add' | 'accept';

/** One addContacts that was charged. */
export interface Attempt {
  readonly kind: AttemptKind;
  /** Who it was aimed at: a hash of `v3`, so that a store holds no contact. */
  readonly target: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** How many from which instant on. A rule has at least one step; the first one holds from the beginning. */
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
  /** Stands in the RateLimit headers. */
  readonly name: string;
  /** What a refusal by this rule is called. */
  readonly code: RefusalCode;
  readonly kind: AttemptKind;
  /** Whether it counts all attempts of the account or those at the same target. */
  readonly per: 'account' | 'target';
  readonly windowMs: number;
  readonly limits: readonly LimitStep[];
}

export interface QuotaUsage {
  readonly rule: QuotaRule;
  /** The limit in force now. */
  readonly limit: number;
  readonly left: number;
  /** When at least one is left: now, or the instant at which the next one comes free. */
  readonly opensAt: number;
  /** When the oldest that counts stops counting; now where nothing counts. */
  readonly nextFreedAt: number;
}

export type Verdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly rule: QuotaRule; readonly retryAt: number };

/**
 * How each rule stands for `target` at `now`. Rules per target are left out where no target is given.
 */
export function usageOf(
  rules: readonly QuotaRule[],
  history: readonly Attempt[],
  target: string | undefined,
  now: number,
): QuotaUsage[] {
  return rules
    .filter((rule) => rule.per === 'account' || target !== undefined)
    .map((rule) => {
      const counted = history
        .filter((attempt) => attempt.kind === rule.kind)
        .filter((attempt) => rule.per === 'account' || attempt.target === target)
        .map((attempt) => attempt.at)
        .filter((at) => at > now - rule.windowMs)
        .sort((a, b) => b - a);
      const limit = limitAt(rule, now);
      const oldest = counted.at(-1);
      return {
        rule,
        limit,
        left: Math.max(0, limit - counted.length),
        opensAt: opensAt(rule, counted, now),
        nextFreedAt: oldest === undefined ? now : oldest + rule.windowMs,
      };
    });
}

/**
 * Allowed where every rule has one left. Of several that refuse, the one that opens last is named: only its
 * instant is a promise that the caller can keep.
 */
export function judge(usage: readonly QuotaUsage[]): Verdict {
  const refusing = usage.filter((one) => one.left === 0);
  const [first, ...others] = refusing;
  if (first === undefined) return { kind: 'allowed' };
  const last = others.reduce((a, b) => (b.opensAt > a.opensAt ? b : a), first);
  return { kind: 'refused', rule: last.rule, retryAt: last.opensAt };
}

function limitAt(rule: QuotaRule, now: number): number {
  return rule.limits.findLast((step) => step.from <= now)?.limit ?? 0;
}

/**
 * The first instant from `now` on at which fewer than the limit of that instant count. The limit changes with the
 * age of the account, so each step is asked for the first free instant within its own span.
 */
function opensAt(rule: QuotaRule, newestFirst: readonly number[], now: number): number {
  for (const [index, step] of rule.limits.entries()) {
    const until = rule.limits[index + 1]?.from ?? Infinity;
    if (until <= now) continue;
    const blocking = newestFirst[step.limit - 1];
    const free = blocking === undefined ? -Infinity : blocking + rule.windowMs;
    const instant = Math.max(now, step.from, free);
    if (instant < until) return instant;
  }
  return Infinity;
}
