import { expect, test } from '@jest/globals';
import { quotasBlockedUntil, unknownAttempts } from '../../../src/add-contacts/after-restore.ts';
import { judgeCharge, usageOf } from '../../../src/add-contacts/rules.ts';
import { attemptAt, DAY_MS, HOUR_MS, quotaRule, T0 } from '../../support/quota-rules.ts';

const day = quotaRule(0, {
  limits: [
    { from: -Infinity, limit: 5 },
    { from: T0 + 12 * HOUR_MS, limit: 15 },
  ],
});
const hours = quotaRule(8, { name: 'hours', windowMs: 2 * HOUR_MS });
const accept = quotaRule(200, { name: 'accept', kind: 'accept' });
const perTarget = quotaRule(2, { name: 'target', per: 'target' });
const rules = [day, hours, accept, perTarget];

const verdictAt = (at: number, kind: 'add' | 'accept') =>
  judgeCharge(rules, unknownAttempts(rules, T0, at), attemptAt(at, { kind })).verdict;

test('a restore uses up every quota for a day, also one whose limit rises meanwhile', () => {
  const retryAt = T0 + DAY_MS;
  expect(quotasBlockedUntil(T0)).toBe(retryAt);
  for (const at of [T0, T0 + 3 * HOUR_MS, T0 + 13 * HOUR_MS, retryAt - 1]) {
    expect(verdictAt(at, 'add')).toEqual({ kind: 'refused', rule: day, retryAt });
    expect(verdictAt(at, 'accept')).toEqual({ kind: 'refused', rule: accept, retryAt });
  }
  for (const kind of ['add', 'accept'] as const) {
    expect(verdictAt(retryAt, kind)).toEqual({ kind: 'allowed' });
  }
});

test('each rule opens when its own window is over', () => {
  const now = T0 + HOUR_MS;
  const usage = usageOf(rules, unknownAttempts(rules, T0, now), 'ann', now);
  expect(usage.map(({ rule, left, opensAt }) => [rule.name, left, opensAt])).toEqual([
    ['day', 0, T0 + DAY_MS],
    ['hours', 0, T0 + 2 * HOUR_MS],
    ['accept', 0, T0 + DAY_MS],
    ['target', 2, now],
  ]);
});
