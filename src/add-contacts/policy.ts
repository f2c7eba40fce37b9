import type { LimitStep, QuotaRule } from './rules.ts';

/** The policy of addContacts. Its defaults are GEWE's advice; durations are milliseconds. */
export interface AddContactsPolicy {
  readonly accountAge: {
    readonly minimumMs: number;
    readonly mode: 'block' | 'warn' | 'off';
    /** How to treat an account that was not declared: start its clock now, or trust that it is old enough. */
    readonly unknown: 'start-now' | 'trust';
  };
  readonly add: {
    /** By the account's age; the first step starts at 0, the rest ascend. */
    readonly perDay: readonly { readonly fromAgeMs: number; readonly limit: number }[];
    readonly perTwoHours: number;
    /** 0 for none. */
    readonly minimumGapMs: number;
    readonly target: { readonly perDay: number; readonly minimumGapMs: number };
  };
  readonly accept: { readonly perDay: number; readonly warnUnderMs: number };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * The policy as rules for one account. A gap of 0 makes no rule.
 *
 * @param onlineSince milliseconds since the epoch; `Infinity` for an account whose clock has not started: it stays at the
 *   first step; undefined for an account that is trusted to be old
 */
export function addRules(
  policy: AddContactsPolicy['add'],
  onlineSince: number | undefined,
): QuotaRule[] {
  const account = { kind: 'add', per: 'account' } as const;
  const target = {
    kind: 'add',
    per: 'target',
    code: 'target-quota-exhausted',
  } as const;
  const rules: QuotaRule[] = [
    {
      ...account,
      name: 'add-per-day',
      code: 'add-quota-exhausted',
      windowMs: DAY_MS,
      limits: limitSteps(policy.perDay, onlineSince),
    },
    {
      ...account,
      name: 'add-per-two-hours',
      code: 'add-quota-exhausted',
      windowMs: 2 * HOUR_MS,
      limits: always(policy.perTwoHours),
    },
    {
      ...account,
      name: 'add-gap',
      code: 'add-too-soon',
      windowMs: policy.minimumGapMs,
      limits: always(1),
    },
    {
      ...target,
      name: 'target-per-day',
      windowMs: DAY_MS,
      limits: always(policy.target.perDay),
    },
    {
      ...target,
      name: 'target-gap',
      windowMs: policy.target.minimumGapMs,
      limits: always(1),
    },
  ];
  return rules.filter((rule) => rule.windowMs > 0);
}

export function acceptRules(policy: AddContactsPolicy['accept']): QuotaRule[] {
  return [
    {
      name: 'accept-per-day',
      code: 'accept-quota-exhausted',
      kind: 'accept',
      per: 'account',
      windowMs: DAY_MS,
      limits: always(policy.perDay),
    },
  ];
}

function limitSteps(
  perDay: AddContactsPolicy['add']['perDay'],
  onlineSince: number | undefined,
): LimitStep[] {
  if (onlineSince === undefined) return always(perDay.at(-1)?.limit ?? 0);
  return perDay.map(({ fromAgeMs, limit }, index) => ({
    from: index === 0 ? -Infinity : onlineSince + fromAgeMs,
    limit,
  }));
}

function always(limit: number): LimitStep[] {
  return [{ from: -Infinity, limit }];
}
