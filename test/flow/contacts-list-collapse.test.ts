import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  allRead,
  askList,
  askTogether,
  LIST,
  listBytes,
  ONLY_IF_CACHED,
} from '../support/lists.ts';
import { heldUpstream, type HeldUpstream } from '../support/raw-upstream.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const DEADLINE_MS = 60_000;

let upstream: HeldUpstream;
let clock: MovableClock;
let gateway: TestGateway;
beforeEach(async () => {
  upstream = await heldUpstream();
  clock = movableClock();
  gateway = await startGateway({
    env: {
      GEWE_BASE_URL: upstream.baseUrl,
      // No test waits this long: every expected response comes at once.
      LIST_DEADLINE_MS: String(DEADLINE_MS),
      SHUTDOWN_GRACE_MS: '0',
    },
    overrides: { clock },
  });
});
afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

async function saveLive(appId: string, body: string): Promise<void> {
  const asked = askList(gateway, appId);
  (await upstream.next(LIST)).answer(body);
  await asked;
}

test('a hundred simultaneous callers share one upstream call and get the same bytes', async () => {
  const asking = askTogether(gateway, Array(100).fill(['wx_1']));
  const call = await upstream.next(LIST);
  await asking.arrived;
  await allRead(gateway);
  call.answer(listBytes('ann', 'bob'));

  const replies = await asking.replies;
  expect(upstream.count(LIST, 'wx_1')).toBe(1);
  expect(new Set(replies.map(({ body }) => body.toString()))).toEqual(
    new Set([listBytes('ann', 'bob')]),
  );
  const statuses = replies.map(({ headers }) => headers['cache-status']);
  expect(statuses.filter((one) => one === 'gewe-gateway; fwd=miss; stored')).toHaveLength(1);
  expect(
    statuses.filter((one) => one === 'gewe-gateway; fwd=miss; stored; collapsed'),
  ).toHaveLength(99);
});

test('each caller of a shared call waits its own time: after wait=0 or 1 it gets the saved list, otherwise the live one', async () => {
  await saveLive('wx_1', listBytes('old'));
  const patient = askList(gateway, 'wx_1');
  const call = await upstream.next(LIST);

  const impatient = await Promise.all(
    ['0', '1'].map((wait) => askList(gateway, 'wx_1', { Prefer: `wait=${wait}` })),
  );
  expect(impatient.map(({ body }) => body.toString())).toEqual([
    listBytes('old'),
    listBytes('old'),
  ]);
  expect(impatient.map(({ headers }) => headers['preference-applied'])).toEqual([
    'wait=0',
    'wait=1',
  ]);
  expect(impatient.map(({ headers }) => headers['cache-status'])).toEqual(
    Array(2).fill('gewe-gateway; fwd=stale; detail=upstream-timeout; collapsed'),
  );

  call.answer(listBytes('new'));
  const reply = await patient;
  expect(reply.body.toString()).toBe(listBytes('new'));
  expect(reply.headers).not.toHaveProperty('preference-applied');
  expect(upstream.count(LIST, 'wx_1')).toBe(2);
});

test('a caller that joins a call older than the deadline gets the saved list at once', async () => {
  await saveLive('wx_1', listBytes('old'));
  await askList(gateway, 'wx_1', { Prefer: 'wait=0' });
  const call = await upstream.next(LIST);
  clock.advance(DEADLINE_MS);

  const reply = await askList(gateway, 'wx_1');

  expect(reply.body.toString()).toBe(listBytes('old'));
  expect(reply.headers).toMatchObject({
    'cache-status': 'gewe-gateway; fwd=stale; detail=upstream-timeout; collapsed',
    age: '60',
  });

  const patient = askTogether(gateway, [['wx_1', { Prefer: 'wait=61' }]]);
  await patient.arrived;
  await allRead(gateway);
  call.answer(listBytes('new'));
  expect((await patient.replies)[0]?.body.toString()).toBe(listBytes('new'));
});

test('callers that ask while a call is being answered all get a 200', async () => {
  const asking = askList(gateway, 'wx_1');
  const call = await upstream.next(LIST);
  call.answer(listBytes('ann'));
  const others = Array.from({ length: 50 }, () => askList(gateway, 'wx_1', { Prefer: 'wait=0' }));

  const replies = await Promise.all([asking, ...others]);
  expect(replies.map(({ status }) => status)).toEqual(Array(51).fill(200));
});

test('accounts share neither calls nor lists, even if their appIds differ only in case', async () => {
  const asked = ['wx_a', 'wx_A', 'wx_b'].map((appId) => askList(gateway, appId));
  const calls = [1, 2, 3].map(() => upstream.next(LIST));
  for (const call of await Promise.all(calls)) call.answer(listBytes(call.appId));

  const replies = await Promise.all(asked);
  expect(replies.map(({ body }) => body.toString())).toEqual(
    ['wx_a', 'wx_A', 'wx_b'].map((appId) => listBytes(appId)),
  );
  const saved = await askList(gateway, 'wx_A', ONLY_IF_CACHED);
  expect(saved.body.toString()).toBe(listBytes('wx_A'));
});

test('a wait longer than the maximum of a timer does not end at once', async () => {
  const asking = askList(gateway, 'wx_1', { Prefer: 'wait=999999999' });
  const call = await upstream.next(LIST);
  await allRead(gateway);
  call.answer(listBytes('ann'));

  const reply = await asking;
  expect(reply.headers).toMatchObject({
    'cache-status': 'gewe-gateway; fwd=miss; stored',
    'preference-applied': 'wait=300',
  });
});
