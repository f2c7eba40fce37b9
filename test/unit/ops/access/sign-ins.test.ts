import { expect, jest, test } from '@jest/globals';
import { createOpsKey } from '../../../../src/ops/access/ops-key.ts';
import { createSignIns, SIGN_IN_MS } from '../../../../src/ops/access/sign-ins.ts';
import { movableClock } from '../../../support/movable-clock.ts';

test('a sign-in has a random value of 256 bits, and a name', () => {
  const signIns = createSignIns(movableClock());
  const [one, other] = [signIns.signIn('Ann'), signIns.signIn('')];

  expect(one).toMatch(/^[\w-]{43}$/);
  expect(other).not.toBe(one);
  expect(signIns.find(one)).toMatchObject({ name: 'Ann' });
  for (const wrong of ['', 'x', `${one}x`, one.slice(1)]) {
    expect(signIns.find(wrong)).toBeUndefined();
  }
});

test('a sign-in ends after twelve hours, at a sign-out, or as the oldest of too many; each says so once', () => {
  const clock = movableClock();
  const signIns = createSignIns(clock);
  const ended: string[] = [];
  const open = (name: string) => {
    const cookie = signIns.signIn(name);
    signIns.onEnd(cookie, () => ended.push(name));
    return cookie;
  };

  const signedOut = open('signed out');
  signIns.signOut(signedOut);
  signIns.signOut(signedOut);
  expect(ended).toEqual(['signed out']);

  const expired = open('expired');
  clock.advance(SIGN_IN_MS - 1);
  expect(signIns.find(expired)).toBeDefined();
  clock.advance(1);
  expect(signIns.find(expired)).toBeUndefined();
  expect(ended).toEqual(['signed out', 'expired']);

  const pushedOut = open('pushed out');
  const newest = Array.from({ length: 300 }, () => signIns.signIn(''));
  expect(signIns.find(pushedOut)).toBeUndefined();
  expect(newest.every((cookie) => signIns.find(cookie) !== undefined)).toBe(true);
  expect(ended).toEqual(['signed out', 'expired', 'pushed out']);
});

test('who stopped listening is not called, and who listens too late is called at once', () => {
  const signIns = createSignIns(movableClock());
  const cookie = signIns.signIn('Ann');
  const [early, late] = [jest.fn(), jest.fn()];

  signIns.onEnd(cookie, early)();
  signIns.signOut(cookie);
  signIns.onEnd(cookie, late)();

  expect(early).not.toHaveBeenCalled();
  expect(late).toHaveBeenCalledTimes(1);
});

test('an eleventh wrong password within a minute is not looked at, and neither is the right one', () => {
  const clock = movableClock();
  const key = createOpsKey('the-token', clock);
  for (let n = 0; n < 10; n += 1) {
    expect(key.tryPassword('the-token')).toBe('right');
    expect(key.tryPassword(`wrong ${n}`)).toBe('wrong');
    clock.advance(1000);
  }
  expect(key.tryPassword('the-token')).toEqual({ lockedForMs: 50_000 });
  expect(key.isRight('the-token')).toBe(true);

  clock.advance(50_000);
  expect(key.tryPassword('wrong')).toBe('wrong');
  expect(key.tryPassword('the-token')).toEqual({ lockedForMs: 1000 });
  clock.advance(1000);
  expect(key.tryPassword('the-token')).toBe('right');
});

test('a sign-in that nobody asks about ends in time too', () => {
  jest.useFakeTimers();
  const signIns = createSignIns(movableClock());
  const ended = jest.fn();
  signIns.onEnd(signIns.signIn('Ann'), ended);

  jest.advanceTimersByTime(SIGN_IN_MS - 1);
  expect(ended).not.toHaveBeenCalled();
  jest.advanceTimersByTime(1);
  expect(ended).toHaveBeenCalledTimes(1);
  jest.useRealTimers();
});
