import { describe, expect, test } from '@jest/globals';
import type { Standing } from '../../../src/add-contacts/account-age.ts';
import { acceptRules, addRules } from '../../../src/add-contacts/policy.ts';
import { exhausted, tooYoung } from '../../../src/add-contacts/refusals.ts';
import { usageOf } from '../../../src/add-contacts/rules.ts';
import { REFUSALS } from '../../../src/errors.ts';
import { DAY_MS, HOUR_MS, quotaRule } from '../../support/quota-rules.ts';
import { defaultPolicy } from '../../support/default-policy.ts';

const china = (text: string) => Date.parse(`${text}+08:00`);
const NOW = china('2026-11-27T17:45:00');
const RULES = [
  ...addRules(defaultPolicy.add, NOW - 100 * DAY_MS),
  ...acceptRules(defaultPolicy.accept),
];

/** The refusal by the rule of this name, after so many charges that still count. */
function refusalBy(name: string, { opensAt = NOW, charged = 0, now = NOW } = {}) {
  const rule = RULES.find((one) => one.name === name);
  if (rule === undefined) throw new Error(`No rule ${name}`);
  const history = Array.from({ length: charged }, () => ({
    kind: 'add' as const,
    target: 'bob',
    at: now - 1,
  }));
  return exhausted({ rule, opensAt, usage: usageOf(RULES, history, 'ann', now) }, now);
}

describe('the msg of a refusal by', () => {
  test.each([
    ['add-per-two-hours', '2026-11-27T19:45:00', 8, '今天还能加 7 人；本时段已满，19:45 后可再加'],
    ['add-per-two-hours', '2026-11-27T19:45:00', 15, '本时段的加人次数已用完，19:45 后可再加'],
    ['add-per-two-hours', '2026-11-28T00:10:00', 8, '本时段的加人次数已用完，明天 00:10 后可再加'],
    ['add-per-day', '2026-11-28T09:30:00', 15, '今天的加人次数已用完，明天 09:30 后可再加'],
    ['add-per-day', '2026-11-27T19:45:00', 15, '最近 24 小时的加人次数已用完，19:45 后可再加'],
    ['add-gap', '2026-11-27T17:45:30', 1, '加人太频繁，17:45:30 后可再加'],
    ['target-gap', '2026-11-27T18:45:00', 1, '这个人刚加过，18:45 后可再加'],
    [
      'target-per-day',
      '2026-11-28T09:30:00',
      2,
      '这个人 24 小时内最多加 2 次，明天 09:30 后可再加',
    ],
    [
      'accept-per-day',
      '2026-11-28T09:30:00',
      0,
      '今天通过好友申请的次数已用完，明天 09:30 后可再通过',
    ],
    [
      'accept-per-day',
      '2026-11-27T19:30:00',
      0,
      '最近 24 小时通过好友申请的次数已用完，19:30 后可再通过',
    ],
  ])('%s that opens at %s after %i', (name, opensAt, charged, msg) => {
    expect(refusalBy(name, { opensAt: china(opensAt), charged }).msg).toBe(msg);
  });

  test('any rule of the policy names the time', () => {
    for (const { name } of RULES) {
      const { msg } = refusalBy(name, { opensAt: china('2026-12-04T09:30:00') });
      expect([name, msg]).toEqual([name, expect.stringContaining('12月4日 09:30 后可再')]);
    }
  });

  test('a rule without a sentence is that of its code', () => {
    const rule = quotaRule(1, { name: 'other' });
    const { msg } = exhausted({ rule, opensAt: NOW + 1, usage: [] }, NOW);
    expect(msg).toBe(REFUSALS['add-quota-exhausted'].msg);
  });
});

test('a refusal by a quota has its facts as members', () => {
  const opensAt = NOW + HOUR_MS;
  const refusal = refusalBy('add-per-two-hours', { opensAt, charged: 8 });
  expect(refusal).toMatchObject({
    code: 'add-quota-exhausted',
    status: 429,
    headers: { 'Retry-After': '3600' },
  });
  expect(refusal.members).toEqual({
    rule: 'add-per-two-hours',
    limit: 8,
    windowSeconds: 7200,
    left: 0,
    retryAt: new Date(opensAt).toISOString(),
  });
});

describe('the refusal of a young account', () => {
  const known = (onlineSince: number): Standing => ({ kind: 'known', onlineSince, by: 'sight' });
  const since = china('2026-11-26T19:45:00');

  test('says how long it takes and when it is over', () => {
    const refusal = tooYoung(known(since), 72 * HOUR_MS, NOW, NOW);
    expect(refusal.msg).toBe('账号在线未满 72 小时，11月29日 19:45 后可加人');
    expect(refusal.code).toBe('account-too-young');
    expect(refusal.headers).toEqual({ 'Retry-After': String(50 * 3600) });
    expect(refusal.detail).toContain('for 72 hours');
    expect(refusal.members).toEqual({
      rule: 'account-age',
      minimumHours: 72,
      onlineSince: new Date(since).toISOString(),
      retryAt: new Date(since + 72 * HOUR_MS).toISOString(),
    });
  });

  test('names the time at which the quotas are open too', () => {
    const quotasOpenAt = china('2026-11-28T09:30:00');
    const refusal = tooYoung(known(since), 24 * HOUR_MS, quotasOpenAt, NOW);
    expect(refusal.members['retryAt']).toBe(new Date(quotasOpenAt).toISOString());
    expect(refusal.msg).toBe('账号在线未满 24 小时，明天 09:30 后可加人');
  });

  test('takes half an hour as well', () => {
    const refusal = tooYoung(known(NOW), HOUR_MS / 2, NOW, NOW);
    expect(refusal.msg).toBe('账号在线未满 0.5 小时，18:15 后可加人');
  });

  test('says of one that is not confirmed what to do', () => {
    const refusal = tooYoung({ kind: 'unknown' }, 72 * HOUR_MS, NOW, NOW);
    expect(refusal.msg).toBe('尚未确认账号在线，请先登录账号；最早 11月30日 17:45 后可加人');
    expect(refusal.members).toMatchObject({
      onlineSince: null,
      minimumHours: 72,
      retryAt: new Date(NOW + 72 * HOUR_MS).toISOString(),
    });
    expect(refusal.detail).toContain('has not started');
  });
});
