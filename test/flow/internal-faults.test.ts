/**
 * An internal error during a call: every caller gets a response, no process ends, and no account is left with a running
 * call.
 */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { systemClock } from '../../src/time.ts';
import { createBreaker } from '../../src/contacts-list/breaker.ts';
import { readDirectives } from '../../src/contacts-list/directives.ts';
import { createListService, type ListService } from '../../src/contacts-list/list-service.ts';
import { createClient } from '../../src/gewe/client.ts';
import { createScrubber } from '../../src/gewe/scrub.ts';
import { createTokenSource } from '../../src/gewe/token.ts';
import { createUpstream, type Observer, type Upstream } from '../../src/gewe/upstream.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { openMemoryStores } from '../../src/stores/memory.ts';
import { eventually } from '../support/eventually.ts';
import { askList, listBytes, saveList } from '../support/lists.ts';
import { startGateway, TOKEN } from '../support/start-gateway.ts';

const FAULT = new Error('a fault of ours');
const LIST_SETTINGS = {
  deadlineMs: 60_000,
  cacheDeadlineMs: 60_000,
  hardLimitMs: 60_000,
  pollMs: 60_000,
  freshForMs: 0,
  memoryBytes: 1_000_000,
  maxCallsUnderWay: 10,
};

let simulator: Simulator;
let baseUrl: URL;
let upstream: Upstream;
const faults: unknown[] = [];
beforeEach(async () => {
  faults.length = 0;
  simulator = createSimulator({ token: TOKEN });
  baseUrl = new URL((await simulator.start()).baseUrl);
});
afterEach(async () => {
  await upstream.close();
  await simulator.stop();
});

/** The upstream and the list service of the gateway, with these faults in it. */
function withFaults({ observe, scrub }: { observe?: Observer; scrub?: () => never }): ListService {
  const tokens = createTokenSource(TOKEN, undefined, {
    unreadable: () => undefined,
    rotated: () => undefined,
    rejected: () => undefined,
  });
  const scrubber = createScrubber(tokens.known);
  const onFault = (error: unknown) => void faults.push(error);
  upstream = createUpstream({
    client: createClient({
      geweBaseUrl: baseUrl,
      answerLimitBytes: 1_000_000,
      geweTimeoutMs: 60_000,
    }),
    tokens,
    scrubber: scrub === undefined ? scrubber : { ...scrubber, bytes: scrub },
    clock: systemClock,
    observers: observe === undefined ? [] : [observe],
    onFault,
  });
  const { lists, leases } = openMemoryStores(systemClock, 1_000_000);
  const fail = () => {
    throw FAULT;
  };
  return createListService({
    upstream,
    lists,
    leases,
    breaker: createBreaker(
      { failures: 1, windowMs: 1000, probeEveryMs: 1000 },
      systemClock,
      undefined,
      {
        breakerChanged: fail,
        fault: onFault,
      },
    ),
    clock: systemClock,
    settings: LIST_SETTINGS,
    onStoreError: fail,
    onShrunk: fail,
    onCrowded: fail,
    onTurnedAway: fail,
    onFetched: () => undefined,
    onFault,
  });
}

const ask = (service: ListService) =>
  service.answer({
    client: 'crm',
    appId: 'wx_1',
    body: Buffer.from('{"appId":"wx_1"}'),
    trace: { requestId: 'r1', traceparent: undefined },
    directives: readDirectives(undefined, undefined),
    left: () => new Promise(() => undefined),
  });

test('if an observer throws, the fault is logged, and the caller gets the list', async () => {
  const service = withFaults({
    observe() {
      throw FAULT;
    },
  });
  expect((await ask(service)).answer).toMatchObject({ kind: 'live', stored: true });
  expect(faults).toEqual([FAULT]);
  expect(await eventually(() => service.refreshesUnderWay() === 0)).toBe(true);
});

test('if the redaction of the token throws, nothing of the response is returned, and the next call works', async () => {
  let isBroken = true;
  const service = withFaults({
    scrub: (() => {
      if (isBroken) throw FAULT;
      return Buffer.from(listBytes('ann'));
    }) as () => never,
  });
  const { answer } = await ask(service);
  expect(answer).toMatchObject({ kind: 'refused', refusal: { code: 'upstream-unreachable' } });
  expect(faults).toContain(FAULT);

  expect(await eventually(() => service.refreshesUnderWay() === 0)).toBe(true);
  isBroken = false;
  expect((await ask(service)).answer).toMatchObject({ kind: 'live', stored: true });
});

test('a caller gets the saved list even if the log cannot be written', async () => {
  let isBroken = false;
  const gateway = await startGateway({
    overrides: {
      logTo: {
        write() {
          if (isBroken) throw FAULT;
        },
      },
    },
  });
  withFaults({});
  try {
    await saveList(gateway, 'wx_1', listBytes('ann'));
    isBroken = true;
    gateway.simulator.behave('wx_1', { status: 503 });
    for (let time = 0; time < 3; time++) {
      expect((await askList(gateway, 'wx_1')).body.toString()).toBe(listBytes('ann'));
    }
  } finally {
    await gateway.stop();
  }
});
