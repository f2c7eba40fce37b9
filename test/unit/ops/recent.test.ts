import { beforeEach, expect, test } from '@jest/globals';
import { createRecent, RECENT_MINUTES, type Recent } from '../../../src/ops/recent.ts';
import { movableClock, type MovableClock } from '../../support/movable-clock.ts';

const MINUTE_MS = 60_000;
let clock: MovableClock;
let recent: Recent;
beforeEach(() => {
  clock = movableClock();
  recent = createRecent({ clock });
});

const call = (kind: 'answered' | 'timeout' | 'aborted', durationMs: number) =>
  recent.observe(
    { operation: 'search', appId: 'wx_a' },
    { kind } as Parameters<Recent['observe']>[1],
    { path: '/contacts/search', requestId: 'r', durationMs, deadlineMs: 30_000 },
  );

test('requests are counted by how they ended', () => {
  recent.request({ status: 200, code: undefined });
  recent.request({ status: 200, code: 'add-too-soon' });
  recent.request({ status: 429, code: 'add-too-soon' });
  recent.request({ status: 502, code: 'upstream-invalid' });
  recent.request({ status: undefined, code: undefined });
  expect(recent.last(1)).toMatchObject({ answered: 1, refused: 2, failed: 1, left: 1 });
});

test('each minute is by itself, and the last span has the current one', () => {
  recent.request({ status: 200, code: undefined });
  clock.advance(2 * MINUTE_MS);
  recent.request({ status: 200, code: undefined });
  recent.request({ status: 200, code: undefined });
  const spans = recent.spans(1);
  expect(spans).toHaveLength(RECENT_MINUTES);
  expect(spans.slice(-3).map(({ answered }) => answered)).toEqual([1, 0, 2]);
  expect(spans.at(-1)?.at).toBe(clock.now());
  expect(recent.spans(10).at(-1)).toMatchObject({ answered: 3 });
});

test('what is older than six hours is gone, also in the place of the ring that it had', () => {
  recent.request({ status: 200, code: undefined });
  clock.advance(RECENT_MINUTES * MINUTE_MS);
  expect(recent.last(RECENT_MINUTES)).toMatchObject({ answered: 0 });
  recent.request({ status: undefined, code: undefined });
  expect(recent.last(RECENT_MINUTES)).toMatchObject({ answered: 0, left: 1 });
});

test('quantiles are those of calls that were answered, at most a fifth off', () => {
  for (let at = 0; at < 94; at++) call('answered', 100);
  for (let at = 0; at < 6; at++) call('answered', 8000);
  call('timeout', 30_000);
  call('aborted', 30_000);
  const { calls, failedCalls, p50 = 0, p95 = 0 } = recent.last(1);
  expect({ calls, failedCalls }).toEqual({ calls: 101, failedCalls: 1 });
  expect(Math.abs(p50 / 100 - 1)).toBeLessThan(0.3);
  expect(Math.abs(p95 / 8000 - 1)).toBeLessThan(0.3);
});

test('without a call there is no latency', () => {
  expect(recent.last(15)).toMatchObject({ calls: 0, p50: undefined, p95: undefined });
});
