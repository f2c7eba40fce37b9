import { expect, test } from '@jest/globals';
import { quotasBlockedUntil, usedUpByRestore } from '../../../src/add-contacts/after-restore.ts';
import {
  judgeCharge,
  nextAddAt,
  usageOf,
  type QuotaRule,
} from '../../../src/add-contacts/rules.ts';
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
const rules = usedUpByRestore([day, hours, accept, perTarget], T0);

const verdictAt = (at: number, kind: 'add' | 'accept') =>
  judgeCharge(rules, [], attemptAt(at, { kind })).verdict;

test('a restore uses up every quota for a day, also one whose limit rises meanwhile', () => {
  const retryAt = T0 + DAY_MS;
  expect(quotasBlockedUntil(T0)).toBe(retryAt);
  for (const at of [T0, T0 + 3 * HOUR_MS, T0 + 13 * HOUR_MS, retryAt - 1]) {
    const refused = (rule: QuotaRule) => ({ kind: 'refused', rule: { name: rule.name }, retryAt });
    expect(verdictAt(at, 'add')).toMatchObject(refused(day));
    expect(verdictAt(at, 'accept')).toMatchObject(refused(accept));
  }
  for (const kind of ['add', 'accept'] as const) {
    expect(verdictAt(retryAt, kind)).toEqual({ kind: 'allowed' });
  }
});

test('each rule opens when its own window is over, for every target', () => {
  const gap = quotaRule(1, { name: 'gap', per: 'target', windowMs: 7 * DAY_MS });
  const now = T0 + HOUR_MS;
  const usage = usageOf(usedUpByRestore([day, hours, gap], T0), [], 'ann', now);
  expect(usage.map(({ rule, left, opensAt }) => [rule.name, left, opensAt])).toEqual([
    ['day', 0, T0 + DAY_MS],
    ['hours', 0, T0 + 2 * HOUR_MS],
    ['gap', 0, T0 + 7 * DAY_MS],
  ]);
  expect(nextAddAt(usage, -Infinity, now)).toBe(T0 + DAY_MS);
});

test('a quota is used up at no cost, however large it is', () => {
  const million = usedUpByRestore([quotaRule(1_000_000)], T0);
  const [usage] = usageOf(million, [], undefined, T0);
  expect(usage).toMatchObject({ limit: 1_000_000, left: 0, counted: [] });
});

test('what was charged since the restore counts as well', () => {
  const charged = [attemptAt(T0 + DAY_MS), attemptAt(T0 + DAY_MS + 1)];
  const one = usedUpByRestore([quotaRule(1)], T0);
  const [usage] = usageOf(one, charged, undefined, T0 + DAY_MS + 2);
  expect(usage).toMatchObject({ left: 0, opensAt: T0 + 2 * DAY_MS + 1 });
});
