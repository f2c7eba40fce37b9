import { describe, expect, test } from '@jest/globals';
import {
  isYoungerThan,
  onlineSinceOf,
  standingOf,
  type Standing,
} from '../../../src/add-contacts/account-age.ts';
import { tooYoung } from '../../../src/add-contacts/refusals.ts';
import { HOUR_MS, T0 } from '../../support/quota-rules.ts';

const ADMIN = T0 + 1;
const FILE = T0 + 2;
const SEEN = T0 + 3;

function record(declaredOnlineSince: number | undefined, firstSeenAt: number | undefined) {
  return { appId: 'wx_a', declaredOnlineSince, firstSeenAt };
}

const known = (onlineSince: number): Standing => ({ kind: 'known', onlineSince, by: 'operator' });
const TRUSTED: Standing = { kind: 'trusted' };
const UNKNOWN: Standing = { kind: 'unknown' };

describe('standingOf', () => {
  test('takes the admin API before the policy file, and that before what was seen', () => {
    expect(standingOf(record(ADMIN, SEEN), FILE, 'start-now')).toEqual(known(ADMIN));
    expect(standingOf(record(undefined, SEEN), FILE, 'start-now')).toEqual(known(FILE));
    expect(standingOf(record(undefined, SEEN), undefined, 'start-now')).toEqual({
      kind: 'known',
      onlineSince: SEEN,
      by: 'sight',
    });
  });

  test('takes a declaration before trust, and trust before what was seen', () => {
    expect(standingOf(record(ADMIN, SEEN), undefined, 'trust')).toEqual(known(ADMIN));
    expect(standingOf(undefined, FILE, 'trust')).toEqual(known(FILE));
    expect(standingOf(record(undefined, SEEN), undefined, 'trust')).toEqual(TRUSTED);
  });

  test('knows nothing of an account that was neither declared nor seen', () => {
    expect(standingOf(undefined, undefined, 'start-now')).toEqual(UNKNOWN);
    expect(standingOf(record(undefined, undefined), undefined, 'start-now')).toEqual(UNKNOWN);
  });

  test('takes the beginning of time for a declaration like any other', () => {
    expect(standingOf(record(0, undefined), FILE, 'start-now')).toEqual(known(0));
  });
});

test('onlineSinceOf is never for an unknown account, and nothing for a trusted one', () => {
  expect(onlineSinceOf(known(T0))).toBe(T0);
  expect(onlineSinceOf(UNKNOWN)).toBe(Infinity);
  expect(onlineSinceOf(TRUSTED)).toBeUndefined();
});

describe('isYoungerThan', () => {
  test.each([
    [known(T0), HOUR_MS - 1, true],
    [known(T0), HOUR_MS, false],
    [known(T0), -HOUR_MS, true],
    [UNKNOWN, 0, true],
    [TRUSTED, 0, false],
  ])('of %j after %i ms is %p', (standing, after, expected) => {
    expect(isYoungerThan(standing, HOUR_MS, T0 + after)).toBe(expected);
  });

  test('holds for nobody where the minimum is 0', () => {
    expect(isYoungerThan(UNKNOWN, 0, T0)).toBe(false);
  });
});

describe('tooYoung', () => {
  test('says since when the account is online and when it opens, rounded up', () => {
    const refusal = tooYoung(known(T0), HOUR_MS, T0 + 1, T0 + 1);
    expect(refusal.code).toBe('account-too-young');
    expect(refusal.headers).toEqual({ 'Retry-After': '3600' });
    expect(refusal.members).toEqual({
      onlineSince: new Date(T0).toISOString(),
      retryAt: new Date(T0 + HOUR_MS).toISOString(),
    });
    expect(refusal.detail).toContain('for 1 hours');
  });

  test('names the instant at which the quotas open, where that is later', () => {
    const quotasOpenAt = T0 + 2 * HOUR_MS;
    const refusal = tooYoung(known(T0), HOUR_MS, quotasOpenAt, T0);
    expect(refusal.headers).toEqual({ 'Retry-After': '7200' });
    expect(refusal.members['retryAt']).toBe(new Date(quotasOpenAt).toISOString());
  });

  test('says of an unknown account that its clock has not started, and when it opens at the soonest', () => {
    const refusal = tooYoung(UNKNOWN, HOUR_MS, T0, T0);
    expect(refusal.members).toEqual({
      onlineSince: null,
      retryAt: new Date(T0 + HOUR_MS).toISOString(),
    });
    expect(refusal.detail).toContain('has not started');
  });
});
