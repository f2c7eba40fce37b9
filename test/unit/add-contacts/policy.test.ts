import { describe, expect, test } from '@jest/globals';
import { acceptRules, addRules } from '../../../src/add-contacts/policy.ts';
import { usageOf } from '../../../src/add-contacts/rules.ts';
import { attemptAt, DAY_MS, HOUR_MS, T0 } from '../../support/quota-rules.ts';

const POLICY = {
  perDay: [
    { fromAgeMs: 0, limit: 5 },
    { fromAgeMs: 7 * DAY_MS, limit: 10 },
  ],
  perTwoHours: 8,
  minimumGapMs: 60_000,
  target: { perDay: 2, minimumGapMs: HOUR_MS },
};
const always = (limit: number) => [{ from: -Infinity, limit }];

describe('addRules', () => {
  test('are the five rules of the policy, each with its code', () => {
    const rules = addRules(POLICY, undefined);
    expect(
      rules.map(({ name, code, kind, per, windowMs }) => [name, code, kind, per, windowMs]),
    ).toEqual([
      ['add-per-day', 'add-quota-exhausted', 'add', 'account', DAY_MS],
      ['add-per-two-hours', 'add-quota-exhausted', 'add', 'account', 2 * HOUR_MS],
      ['add-gap', 'add-too-soon', 'add', 'account', 60_000],
      ['target-per-day', 'target-quota-exhausted', 'add', 'target', DAY_MS],
      ['target-gap', 'target-quota-exhausted', 'add', 'target', HOUR_MS],
    ]);
    expect(rules.slice(1).map(({ limits }) => limits)).toEqual([8, 1, 2, 1].map(always));
  });

  test('start their steps at the time online; the first limit has no start', () => {
    expect(addRules(POLICY, T0)[0]?.limits).toEqual([
      { from: -Infinity, limit: 5 },
      { from: T0 + 7 * DAY_MS, limit: 10 },
    ]);
  });

  test('use the last step for an account that is trusted to be old', () => {
    expect(addRules(POLICY, undefined)[0]?.limits).toEqual(always(10));
  });

  test('use the first step for an account with an unknown time online', () => {
    const rules = addRules(POLICY, Infinity);
    const history = Array.from({ length: 5 }, () => attemptAt(T0));
    expect(usageOf(rules, history, undefined, T0)[0]).toMatchObject({
      limit: 5,
      left: 0,
      opensAt: T0 + DAY_MS,
    });
  });

  test('omit a gap of 0', () => {
    const target = { ...POLICY.target, minimumGapMs: 0 };
    const names = addRules({ ...POLICY, minimumGapMs: 0, target }, T0).map(({ name }) => name);
    expect(names).toEqual(['add-per-day', 'add-per-two-hours', 'target-per-day']);
  });
});

test('acceptRules are one rule, which counts acceptances', () => {
  expect(acceptRules({ perDay: 200, warnUnderMs: 0 })).toEqual([
    {
      name: 'accept-per-day',
      code: 'accept-quota-exhausted',
      kind: 'accept',
      per: 'account',
      windowMs: DAY_MS,
      limits: always(200),
    },
  ]);
});
