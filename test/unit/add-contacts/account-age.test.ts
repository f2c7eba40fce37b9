import { describe, expect, test } from '@jest/globals';
import {
  isYoungerThan,
  oldEnoughAt,
  onlineSinceOf,
  standingOf,
  type Standing,
} from '../../../src/add-contacts/account-age.ts';
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
  test('prefers the admin API to the policy file, and the policy file to first sight', () => {
    expect(standingOf(record(ADMIN, SEEN), FILE, 'start-now')).toEqual(known(ADMIN));
    expect(standingOf(record(undefined, SEEN), FILE, 'start-now')).toEqual(known(FILE));
    expect(standingOf(record(undefined, SEEN), undefined, 'start-now')).toEqual({
      kind: 'known',
      onlineSince: SEEN,
      by: 'sight',
    });
  });

  test('prefers a declaration to trust, and trust to first sight', () => {
    expect(standingOf(record(ADMIN, SEEN), undefined, 'trust')).toEqual(known(ADMIN));
    expect(standingOf(undefined, FILE, 'trust')).toEqual(known(FILE));
    expect(standingOf(record(undefined, SEEN), undefined, 'trust')).toEqual(TRUSTED);
  });

  test('knows nothing of an account that was neither declared nor seen', () => {
    expect(standingOf(undefined, undefined, 'start-now')).toEqual(UNKNOWN);
    expect(standingOf(record(undefined, undefined), undefined, 'start-now')).toEqual(UNKNOWN);
  });

  test('accepts the instant 0 as a declaration', () => {
    expect(standingOf(record(0, undefined), FILE, 'start-now')).toEqual(known(0));
  });
});

test('onlineSinceOf returns Infinity for an unknown account and undefined for a trusted one', () => {
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
  ])('for %j after %i ms is %p', (standing, after, expected) => {
    expect(isYoungerThan(standing, HOUR_MS, T0 + after)).toBe(expected);
  });

  test('is false for an unknown account if the minimum is 0', () => {
    expect(isYoungerThan(UNKNOWN, 0, T0)).toBe(false);
  });
});

test.each<[Standing, 'block' | 'warn' | 'off', number, number]>([
  [known(T0), 'block', HOUR_MS, T0 + HOUR_MS],
  [known(T0), 'warn', HOUR_MS, -Infinity],
  [known(T0), 'off', HOUR_MS, -Infinity],
  [TRUSTED, 'block', HOUR_MS, -Infinity],
  [UNKNOWN, 'block', HOUR_MS, Infinity],
  [UNKNOWN, 'block', 0, -Infinity],
  [UNKNOWN, 'warn', HOUR_MS, -Infinity],
])('oldEnoughAt of %j under mode %s and %i ms is %i', (standing, mode, minimumMs, expected) => {
  expect(oldEnoughAt(standing, { minimumMs, mode })).toBe(expected);
});
