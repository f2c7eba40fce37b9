import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  admit,
  afterFailure,
  CLOSED,
  createBreaker,
  type BreakerState,
} from '../../../src/contacts-list/breaker.ts';
import { movableClock } from '../../support/movable-clock.ts';

const SETTINGS = { failures: 3, windowMs: 10_000, probeEveryMs: 5_000 };

function after(...failures: readonly (readonly [appId: string, at: number])[]): BreakerState {
  return failures.reduce(
    (state, [appId, at]) => afterFailure(state, appId, 'timeout', at, SETTINGS),
    CLOSED,
  );
}

const OPEN: BreakerState = {
  kind: 'open',
  why: 'timeout',
  nextProbeAt: 5000,
  probedBy: undefined,
  othersWait: false,
};

test('the breaker opens after the configured number of failures of two accounts, until the next probe', () => {
  expect(after(['a', 0], ['b', 1]).kind).toBe('closed');
  expect(after(['a', 0], ['b', 1], ['a', 2])).toEqual({
    ...OPEN,
    nextProbeAt: 5002,
  });
});

test('the breaker does not count a failure as old as the window', () => {
  expect(after(['a', 0], ['b', 1], ['a', 9_999]).kind).toBe('open');
  expect(after(['a', 0], ['b', 1], ['a', 10_000]).kind).toBe('closed');
});

test('the breaker never opens for failures of one account, and remembers at most 1000 of them', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20_000), { maxLength: 50 }), (instants) => {
      return after(...instants.map((at) => ['a', at] as const)).kind === 'closed';
    }),
  );
  const state = after(...Array.from({ length: 3000 }, () => ['a', 0] as const));
  expect(state.kind === 'closed' && state.failures.length).toBe(1000);
});

test('a failure while the breaker is open changes only its reason', () => {
  const open = after(['a', 0], ['b', 1], ['a', 2]);
  expect(afterFailure(open, 'c', 'unreachable', 4000, SETTINGS)).toEqual({
    ...open,
    why: 'unreachable',
  });
});

test('the breaker allows every call while closed, and one probe per window while open', () => {
  expect(admit(CLOSED, 'crm', 0, SETTINGS)).toEqual([{ kind: 'go' }, CLOSED]);
  expect(admit(OPEN, 'crm', 4999, SETTINGS)[0]).toEqual({
    kind: 'wait',
    why: 'timeout',
    retryAfterMs: 1,
  });
  const [probe, next] = admit(OPEN, 'crm', 7000, SETTINGS);
  expect(probe).toEqual({ kind: 'probe' });
  expect(next).toMatchObject({ nextProbeAt: 12_000, probedBy: 'crm' });
  expect(admit(next, 'crm', 7000, SETTINGS)[0].kind).toBe('wait');
});

test('the caller of the last probe leaves the next one to callers that were refused, for one period', () => {
  const alone: BreakerState = { ...OPEN, probedBy: 'crm' };
  expect(admit(alone, 'crm', 5000, SETTINGS)[0].kind).toBe('probe');

  const [, contested] = admit(alone, 'shop', 4000, SETTINGS);
  expect(admit(contested, 'crm', 5000, SETTINGS)[0]).toMatchObject({ kind: 'wait' });
  expect(admit(contested, 'shop', 5000, SETTINGS)[0].kind).toBe('probe');
  expect(admit(contested, 'crm', 9999, SETTINGS)[0].kind).toBe('wait');
  expect(admit(contested, 'crm', 10_000, SETTINGS)[0].kind).toBe('probe');
});

test('the next probe is not delayed if the clock of the store was set back', () => {
  expect(admit(OPEN, 'crm', -1, SETTINGS)[0]).toEqual({ kind: 'probe' });
  expect(admit(OPEN, 'crm', 0, SETTINGS)[0].kind).toBe('wait');
});

test('any response, even a rejected token, closes the breaker and clears its failures; an invalid or aborted one does not', async () => {
  const changes: string[] = [];
  const clock = movableClock();
  const breaker = createBreaker(SETTINGS, clock, undefined, {
    breakerChanged: ({ kind }) => changes.push(kind),
    fault: (error) => changes.push(String(error)),
  });
  const subject = (appId: string) => ({ operation: 'search', appId });
  for (const appId of ['a', 'b', 'a', 'b']) breaker.observe(subject(appId), { kind: 'timeout' });
  breaker.observe(subject('a'), { kind: 'invalid', why: 'HTTP status 503' });
  breaker.observe(subject('a'), { kind: 'aborted', sent: true });
  expect(breaker.down()).toEqual({ why: 'timeout', retryAfterMs: 5000 });

  breaker.observe(subject('a'), { kind: 'token-rejected' });
  expect(breaker.down()).toBeUndefined();

  breaker.overdue(subject('a'));
  breaker.overdue(subject('b'));
  const answer = { body: Buffer.from('{}'), contentType: 'application/json', json: {} };
  breaker.observe(subject('a'), { kind: 'answered', answer });
  breaker.overdue(subject('a'));
  expect(await breaker.admit('crm')).toEqual({ kind: 'go' });
  expect(changes).toEqual(['open', 'closed']);
});
