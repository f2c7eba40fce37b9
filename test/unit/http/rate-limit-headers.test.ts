import { expect, test } from '@jest/globals';
import { rateLimitHeaders, rateOf } from '../../../src/http/rate-limit-headers.ts';
import { usageOf } from '../../../src/add-contacts/rules.ts';
import { attemptAt, quotaRule, T0 } from '../../support/quota-rules.ts';

const RULES = [quotaRule(2), quotaRule(1, { name: 'gap', windowMs: 60_000 })];

const headersAt = (now: number, attempts: number[], rules = RULES) => {
  const history = attempts.map((at) => attemptAt(at));
  const usage = usageOf(rules, history, undefined, now);
  return rateLimitHeaders(usage.map((one) => rateOf(one, now)));
};

test('with nothing used, everything is left and t is 0', () => {
  expect(headersAt(T0, [])).toEqual({
    'RateLimit-Policy': '"day";q=2;w=86400, "gap";q=1;w=60',
    RateLimit: '"day";r=2;t=0, "gap";r=1;t=0',
  });
});

test('with some left, t is the time until the oldest attempt is no longer counted', () => {
  expect(headersAt(T0 + 120_000, [T0]).RateLimit).toBe('"day";r=1;t=86280, "gap";r=1;t=0');
});

test('with none left, t is the time until the next attempt is allowed', () => {
  const { RateLimit } = headersAt(T0 + 70_000, [T0, T0 + 65_000]);
  expect(RateLimit).toBe('"day";r=0;t=86330, "gap";r=0;t=55');
});

test('t and w are rounded up, so that no caller comes too early', () => {
  const rules = [quotaRule(1, { name: 'gap', windowMs: 1500 })];
  expect(headersAt(T0 + 499, [T0], rules)).toEqual({
    'RateLimit-Policy': '"gap";q=1;w=2',
    RateLimit: '"gap";r=0;t=2',
  });
});

test('r is 0, not negative, if more than the limit was counted', () => {
  expect(headersAt(T0 + 2, [T0, T0 + 1, T0 + 2]).RateLimit).toContain('"day";r=0;');
});

test('without rules, both headers are empty', () => {
  expect(rateLimitHeaders([])).toEqual({ 'RateLimit-Policy': '', RateLimit: '' });
});
