/** The list service with faulty parts, and with a system clock that is set during calls. */
import { describe, expect, test } from '@jest/globals';
import { createBreaker } from '../../../src/contacts-list/breaker.ts';
import { readDirectives } from '../../../src/contacts-list/directives.ts';
import type { ListReply } from '../../../src/contacts-list/list-answer.ts';
import {
  createListService,
  type ListRequest,
  type ListService,
} from '../../../src/contacts-list/list-service.ts';
import type { Outcome } from '../../../src/gewe/outcome.ts';
import { localLeases, type Lease } from '../../../src/leases.ts';
import { memoryLists } from '../../../src/stores/memory.ts';
import { eventually } from '../../support/eventually.ts';
import { movableClock } from '../../support/movable-clock.ts';

const FAULT = new Error('a fault of ours');
const SETTINGS = {
  deadlineMs: 60_000,
  cacheDeadlineMs: 60_000,
  hardLimitMs: 300_000,
  pollMs: 60_000,
  freshForMs: 0,
  memoryBytes: 1_000_000,
  maxCallsUnderWay: 10,
};

type Parts = Parameters<typeof createListService>[0];

function answered(text: string): Outcome {
  const json: unknown = JSON.parse(text);
  return {
    kind: 'answered',
    answer: { body: Buffer.from(text), contentType: 'application/json', json },
  };
}

const LIST = '{"ret":200,"data":{"friends":["ann"]}}';

/** Working parts, in front of an upstream that answers every call with a list. */
function workingParts(): Parts {
  const clock = movableClock();
  const settings = { failures: 5, windowMs: 10_000, probeEveryMs: 5_000 };
  const ignore = () => undefined;
  return {
    upstream: { call: async () => answered(LIST) },
    lists: memoryLists(1_000_000),
    leases: localLeases,
    breaker: createBreaker(settings, clock, undefined, { breakerChanged: ignore, fault: ignore }),
    clock,
    settings: SETTINGS,
    onStoreError: ignore,
    onShrunk: ignore,
    onCrowded: ignore,
    onTurnedAway: ignore,
    onFetched: ignore,
    onFault: ignore,
  };
}

/** Returns a list: from GEWE's cache endpoint at once, otherwise after the short deadline of a test. */
const slowUpstream: Parts['upstream'] = {
  async call({ operation }) {
    if (operation === 'fetchContactsList') await new Promise((resolve) => setTimeout(resolve, 30));
    return answered(LIST);
  },
};

function ask(service: ListService, headers: { prefer?: string } = {}, appId = 'wx_1') {
  const request: ListRequest = {
    client: 'crm',
    appId,
    body: Buffer.from(`{"appId":"${appId}"}`),
    trace: { requestId: 'r1', traceparent: undefined },
    directives: readDirectives(headers.prefer, undefined),
    left: () => new Promise(() => undefined),
  };
  return service.answer(request);
}

// Jest fails a test with an unhandled rejection.
describe('a faulty part costs no caller its response, leaves no account running and causes no unhandled rejection', () => {
  const throws = (): never => {
    throw FAULT;
  };
  const rejects = () => Promise.reject(FAULT);
  const failing = ['throws', throws] as const;
  const late = ['rejects', rejects] as const;

  /** Each of these parts, created by `fail`. */
  const faults: Record<string, (fail: typeof throws | typeof rejects) => Partial<Parts>> = {
    upstream: (fail) => ({ upstream: { call: fail } }),
    'load of the store': (fail) => ({ lists: { ...memoryLists(1000), load: fail } }),
    'save of the store': (fail) => ({ lists: { ...memoryLists(1000), save: fail } }),
    leases: (fail) => ({ leases: { ...localLeases, acquire: fail } }),
    'release of a lease': (fail) => {
      const lease: Lease = { kind: 'acquired', announce: throws, release: fail };
      return { leases: { ...localLeases, acquire: async () => lease } };
    },
    'held lease': (fail) => {
      const [announced, result] = [Promise.resolve().then(fail), Promise.resolve().then(fail)];
      const lease: Lease = { kind: 'held', since: 0, announced, result };
      return { leases: { ...localLeases, acquire: async () => lease } };
    },
    'open breaker': (fail) => ({
      breaker: {
        down: () => ({ why: 'timeout', retryAfterMs: 1000 }),
        admit: fail,
        overdue: throws,
        excuse: throws,
      },
    }),
  };
  const cases = Object.entries(faults).flatMap(([part, make]) =>
    [failing, late].map(([how, fail]) => [part, how, () => make(fail)] as const),
  );

  test.each([
    ...cases,
    [
      'breaker',
      'throws',
      () => ({ breaker: { down: throws, admit: rejects, overdue: throws, excuse: throws } }),
    ],
    [
      'metrics',
      'throw',
      () => ({ onCrowded: throws, onTurnedAway: throws, onShrunk: throws, onFetched: throws }),
    ],
  ] as const)('%s %s', async (_part, _how, faulty) => {
    for (const log of [() => undefined, throws]) {
      const settings = { ...SETTINGS, deadlineMs: 5, pollMs: 5, maxCallsUnderWay: 1 };
      const service = createListService({
        ...workingParts(),
        upstream: slowUpstream,
        settings,
        onStoreError: throws,
        onFault: log,
        ...faulty(),
      });
      const replies = await Promise.all([
        ask(service),
        ask(service),
        ask(service, { prefer: 'wait=0' }),
        ask(service, {}, 'wx_2'),
      ]);
      for (const { answer } of replies) {
        expect(['live', 'saved', 'gewe-cache', 'refused']).toContain(answer.kind);
      }
      expect(await eventually(() => service.refreshesUnderWay() === 0)).toBe(true);
      await service.idle();
      await service.stop();
    }
    await new Promise(setImmediate);
  });

  test('a failed call does not prevent the next one', async () => {
    const parts = workingParts();
    let call: Parts['upstream']['call'] = rejects;
    const service = createListService({
      ...parts,
      upstream: { call: (subject, own) => call(subject, own) },
    });
    expect((await ask(service)).answer).toMatchObject({
      kind: 'refused',
      refusal: { code: 'upstream-unreachable' },
    });
    call = parts.upstream.call;
    expect((await ask(service)).answer).toMatchObject({ kind: 'live', stored: true });
  });
});

describe('if the system clock is set', () => {
  const HOUR = 3_600_000;

  /** A service with a running refresh, which `answer` ends. */
  function underWay() {
    const clock = movableClock();
    const gate = Promise.withResolvers<Outcome>();
    const parts = { ...workingParts(), clock, upstream: { call: () => gate.promise } };
    const service = createListService(parts);
    const answer = () => gate.resolve(answered(LIST));
    return { clock, service, lists: parts.lists, first: ask(service), answer };
  }

  /** `reply`, unless it waits for the upstream. */
  const early = (reply: Promise<ListReply>) =>
    Promise.race([reply, new Promise((resolve) => setTimeout(resolve, 20, 'waits'))]);

  test.each([
    ['forward', HOUR],
    ['back', -HOUR],
  ])('%s, a caller that joins a recent call waits for it', async (_where, step) => {
    const { clock, service, first, answer } = underWay();
    await new Promise(setImmediate);
    clock.set(clock.now() + step);
    const joined = ask(service);

    expect(await early(joined)).toBe('waits');
    answer();
    expect((await joined).answer).toMatchObject({ kind: 'live', joined: true });
    expect((await first).answer).toMatchObject({ kind: 'live', joined: false });
  });

  test('back, a caller that joins an old call gets the saved list at once', async () => {
    const { clock, service, lists, first, answer } = underWay();
    await new Promise(setImmediate);
    await lists.save('wx_1', { body: Buffer.from(LIST), savedAt: clock.now(), source: 'live' });
    clock.advance(SETTINGS.deadlineMs);
    clock.set(clock.now() - HOUR);

    const { answer: joined } = await ask(service);
    expect(joined).toMatchObject({ kind: 'saved', tried: 'timeout', joined: true });
    answer();
    await first;
  });

  test.each([
    ['forward', HOUR],
    ['back', -HOUR],
  ])('%s, failures within the window still open the breaker', (_where, step) => {
    const clock = movableClock();
    const breaker = createBreaker(
      { failures: 2, windowMs: 10_000, probeEveryMs: 5_000 },
      clock,
      undefined,
      { breakerChanged: () => undefined, fault: () => undefined },
    );
    const fail = (appId: string) => breaker.overdue({ operation: 'fetchContactsList', appId });
    fail('a');
    clock.set(clock.now() + step);
    fail('b');
    expect(breaker.down()).toEqual({ why: 'timeout', retryAfterMs: 5000 });
  });

  test.each([
    ['forward', HOUR],
    ['back', -HOUR],
  ])('%s, an open breaker probes neither early nor late', async (_where, step) => {
    const clock = movableClock();
    const breaker = createBreaker(
      { failures: 2, windowMs: 10_000, probeEveryMs: 5_000 },
      clock,
      undefined,
      { breakerChanged: () => undefined, fault: () => undefined },
    );
    for (const appId of ['a', 'b']) breaker.overdue({ operation: 'fetchContactsList', appId });
    clock.set(clock.now() + step);
    expect(await breaker.admit('crm')).toMatchObject({ kind: 'wait', retryAfterMs: 5000 });
    clock.advance(5000);
    expect(await breaker.admit('crm')).toEqual({ kind: 'probe' });
  });
});
