import type { Charge, Charged, NewAttempt } from '../../src/add-contacts/ports.ts';
import type { Attempt, QuotaRule } from '../../src/add-contacts/rules.ts';
import type { NewAttemptEntry } from '../../src/history/ports.ts';

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

/** What the journal gets with a charge. */
export function entryOf(appId = 'wx_a', other: Partial<NewAttemptEntry> = {}): NewAttemptEntry {
  return {
    appId,
    client: 'crm',
    subject: undefined,
    option: 2,
    target: 'ann',
    requestId: 'r-1',
    deadlineMs: 30_000,
    ...other,
  };
}

/** Fails the test if it is a refusal. */
export function chargedOf(charge: Charge): Charged {
  if (charge.kind === 'charged') return charge;
  throw new Error('It is not charged');
}

/** An attempt to add `ann`, now. */
export const ANN: NewAttempt = { kind: 'add', target: 'ann' };

/** An attempt to add `ann`, unless options say otherwise. */
export function attemptAt(at: number, other: Partial<Attempt> = {}): Attempt {
  return { kind: 'add', target: 'ann', at, ...other };
}
