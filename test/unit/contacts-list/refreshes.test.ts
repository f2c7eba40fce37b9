/**
 * A refresh shared by several gateways: which one makes it, what the others take from the store, and which one takes
 * over.
 */
import { expect, test } from '@jest/globals';
import { containFaults } from '../../../src/contacts-list/faults.ts';
import { encodeResult } from '../../../src/contacts-list/lease-result.ts';
import type { SavedList } from '../../../src/contacts-list/ports.ts';
import type { RefreshResult } from '../../../src/contacts-list/refresh.ts';
import { createRefreshes, type Refresh } from '../../../src/contacts-list/refreshes.ts';
import type { HeldLease, Lease, Leases } from '../../../src/leases.ts';
import { movableClock, type MovableClock } from '../../support/movable-clock.ts';

const HELD_SINCE = 1000;
const NOW = 3000;
const listAt = (savedAt: number): SavedList => ({
  body: Buffer.from(`{"ret":200,"data":{"friends":["list of ${savedAt}"]}}`),
  savedAt,
  source: 'live',
});
const found = (list: SavedList): RefreshResult => ({
  kind: 'list',
  list,
  contentType: 'application/json',
});

const ACQUIRED: Lease = {
  kind: 'acquired',
  announce: () => undefined,
  release: async () => undefined,
};
const held = (lease: Partial<HeldLease>): Lease => ({
  kind: 'held',
  since: HELD_SINCE,
  announced: new Promise(() => undefined),
  result: new Promise(() => undefined),
  ...lease,
});

interface Rig {
  readonly leases: Lease[];
  readonly saved: SavedList;
  readonly clock?: MovableClock;
}

/** Starts a call with these leases, one for each attempt. `askedAt` has the instant that each attempt named. */
function start({ leases, saved, clock = movableClock(NOW) }: Rig): Refresh & { askedAt: number[] } {
  const askedAt: number[] = [];
  const acquire: Leases['acquire'] = async (request) => {
    askedAt.push(request.askedAt);
    return leases.shift() ?? Promise.reject(new Error('No lease is left'));
  };
  const live = listAt(NOW);
  const answer = {
    body: live.body,
    contentType: 'application/json',
    json: JSON.parse(live.body.toString()) as unknown,
  };
  const refreshes = createRefreshes({
    upstream: { call: async () => ({ kind: 'answered', answer }) },
    leases: { acquire, stop: () => undefined },
    polls: {
      start: () => ({ end: () => undefined, endOwn: () => undefined, release: () => undefined }),
      end: () => undefined,
      count: () => 0,
    },
    savedLists: { load: async () => saved, save: async () => undefined },
    breaker: { overdue: () => undefined },
    clock,
    settings: { deadlineMs: 60_000, hardLimitMs: 60_000, maxCallsUnderWay: 10 },
    faults: containFaults((error) => {
      throw error;
    }),
    onCrowded: () => undefined,
    onFetched: () => undefined,
  });
  const trace = { requestId: 'r1', traceparent: undefined };
  const refresh = refreshes.start({ appId: 'wx_1', body: Buffer.from('{}'), trace }, HELD_SINCE);
  return { ...refresh, askedAt };
}

const OWN = found(listAt(NOW));
const encoded = Promise.resolve(encodeResult(found(listAt(2000))));

test('the list of another gateway is taken from the store', async () => {
  const list = listAt(2000);
  const refresh = start({ leases: [held({ result: encoded }), ACQUIRED], saved: list });
  expect(await refresh.result).toEqual(found(list));
});

test("if the store has only an older list than the other gateway's, the call is made again", async () => {
  const refresh = start({ leases: [held({ result: encoded }), ACQUIRED], saved: listAt(500) });
  expect(await refresh.result).toEqual(OWN);
});

test('if the store lacks the list that another gateway polled, its older list is not used', async () => {
  const lost = Promise.withResolvers<undefined>();
  const lease = held({ announced: Promise.resolve(), result: lost.promise });
  const refresh = start({ leases: [lease, ACQUIRED], saved: listAt(500) });
  await refresh.startedAt();
  await new Promise(setImmediate);
  lost.resolve(undefined);
  expect(await refresh.first).toEqual(OWN);
});

test('a lost call is not made again if another gateway has already made it again', async () => {
  const lost = held({ result: Promise.resolve(undefined) });
  const list = listAt(2000);
  const refresh = start({ leases: [lost, held({ result: encoded })], saved: list });

  expect(await refresh.result).toEqual(found(list));
  expect(refresh.askedAt).toEqual([HELD_SINCE, HELD_SINCE]);
});

test("a lost call is made again for a caller that joined after another gateway's new call", async () => {
  const lost = Promise.withResolvers<undefined>();
  const refresh = start({
    leases: [held({ result: lost.promise }), ACQUIRED],
    saved: listAt(2000),
  });
  await refresh.startedAt();
  refresh.join(2500);
  refresh.join(2400);
  lost.resolve(undefined);

  expect(await refresh.result).toEqual(OWN);
  expect(refresh.askedAt).toEqual([HELD_SINCE, 2500]);
});

test('an unusable result is not taken again', async () => {
  const refresh = start({ leases: [held({ result: encoded }), ACQUIRED], saved: listAt(500) });
  await refresh.result;
  expect(refresh.askedAt).toEqual([HELD_SINCE, NOW]);
});

test("another gateway's call has the same age here", async () => {
  const clock = movableClock(NOW);
  const refresh = start({ leases: [held({})], saved: listAt(500), clock });
  expect(clock.monotonic() - (await refresh.startedAt())).toBe(NOW - HELD_SINCE);
  expect(refresh.isElsewhere()).toBe(true);
});

test("another gateway's call that began in the future has age 0, because the clock was set back", async () => {
  const clock = movableClock(NOW);
  const refresh = start({ leases: [held({ since: NOW + 60_000 })], saved: listAt(500), clock });
  expect(await refresh.startedAt()).toBe(clock.monotonic());
});
