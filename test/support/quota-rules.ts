import type { NewAttempt } from '../../src/add-contacts/ports.ts';
import type { Attempt, QuotaRule } from '../../src/add-contacts/rules.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** An instant far from zero. */
export const T0 = Date.UTC(2026, 0, 1);

/** "At most `limit` in any day for the account", unless options say otherwise. */
export function quotaRule(limit: number, other: Partial<QuotaRule> = {}): QuotaRule {
  return {
    name: 'day',
    code: 'add-quota-exhausted',
    kind: 'add',
    per: 'account',
    windowMs: DAY_MS,
    limits: [{ from: -Infinity, limit }],
    ...other,
  };
}

/** An attempt to add `ann`, now. */
export const ANN: NewAttempt = { kind: 'add', target: 'ann' };

/** An attempt to add `ann`, unless options say otherwise. */
export function attemptAt(at: number, other: Partial<Attempt> = {}): Attempt {
  return { kind: 'add', target: 'ann', at, ...other };
}
