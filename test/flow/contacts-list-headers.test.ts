import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { askList, listBytes, ONLY_IF_CACHED, saveList } from '../support/lists.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

let clock: MovableClock;
let gateway: TestGateway;
beforeAll(async () => {
  clock = movableClock();
  gateway = await startGateway({
    env: { SHUTDOWN_GRACE_MS: '0' },
    policy: 'breaker: { failures: 100000 }',
    overrides: { clock },
  });
});
afterAll(() => gateway.stop());

/** The headers of a response that describe the list; undefined for a missing one. */
async function headersOf(appId: string, headers: Record<string, string> = {}) {
  const reply = await askList(gateway, appId, headers);
  const { age } = reply.headers;
  expect(reply.headers['cache-control']).toBe('no-store');
  expect(reply.headers['x-request-id']).toEqual(expect.any(String));
  return [reply.headers['cache-status'], reply.headers['x-gateway-source'], age];
}

test('a live list has Cache-Status stored and no Age', async () => {
  expect(await headersOf('wx_live')).toEqual(['gewe-gateway; fwd=miss; stored', 'live', undefined]);
});

test('a live list has the content type of the upstream', async () => {
  const contentType = 'application/json; charset=UTF-8';
  gateway.simulator.behave('wx_type', { raw: { body: listBytes('ann'), contentType } });
  expect((await askList(gateway, 'wx_type')).headers['content-type']).toBe(contentType);
});

test('an error of the account does not have Cache-Status stored', async () => {
  gateway.simulator.behave('wx_off', { accountOffline: true });
  expect(await headersOf('wx_off')).toEqual(['gewe-gateway; fwd=miss', 'live', undefined]);
});

test('a saved list has its Age in whole seconds, rounded down', async () => {
  await saveList(gateway, 'wx_age', listBytes('ann'));
  expect(await headersOf('wx_age', ONLY_IF_CACHED)).toEqual(['gewe-gateway; hit', 'saved', '0']);
  clock.advance(90_999);
  expect(await headersOf('wx_age', ONLY_IF_CACHED)).toEqual(['gewe-gateway; hit', 'saved', '90']);
});

test('the Age is 0, not negative, after the clock was set back', async () => {
  await saveList(gateway, 'wx_back', listBytes('ann'));
  clock.advance(-5000);
  expect(await headersOf('wx_back', ONLY_IF_CACHED)).toEqual(['gewe-gateway; hit', 'saved', '0']);
  clock.advance(5000);
});

test.each([
  ['timeout', { hang: true }],
  ['unreachable', { reset: true }],
  ['invalid', { status: 503 }],
])(
  'the Cache-Status of a saved list names why the upstream call failed: %s',
  async (why, behaviour) => {
    await saveList(gateway, `wx_${why}`, listBytes('ann'));
    clock.advance(3000);
    gateway.simulator.behave(`wx_${why}`, behaviour);
    const headers: Record<string, string> = why === 'timeout' ? { Prefer: 'wait=0' } : {};
    expect(await headersOf(`wx_${why}`, headers)).toEqual([
      `gewe-gateway; fwd=stale; detail=upstream-${why}`,
      'saved',
      '3',
    ]);
  },
);

test("a list from GEWE's cache has detail=gewe-cache at first, and later on a hit", async () => {
  gateway.simulator.behave('wx_cache', [
    { operations: ['fetchContactsList'], status: 503 },
    { cacheList: 'kept' },
  ]);
  expect(await headersOf('wx_cache')).toEqual([
    'gewe-gateway; fwd=miss; stored; detail=gewe-cache',
    'gewe-cache',
    '0',
  ]);
  clock.advance(7000);
  expect(await headersOf('wx_cache', ONLY_IF_CACHED)).toEqual([
    'gewe-gateway; hit; detail=gewe-cache',
    'saved',
    '7',
  ]);
  expect(await headersOf('wx_cache')).toEqual([
    'gewe-gateway; fwd=stale; detail=upstream-invalid',
    'saved',
    '7',
  ]);
});

test('a caller that joined a call has Cache-Status collapsed', async () => {
  await saveList(gateway, 'wx_join', listBytes('ann'));
  gateway.simulator.behave('wx_join', { hang: true });
  const first = headersOf('wx_join', { Prefer: 'wait=0' });
  await gateway.simulator.waitForCall(({ appId }) => appId === 'wx_join', 2);
  expect((await first)[0]).toBe('gewe-gateway; fwd=stale; detail=upstream-timeout');

  expect(await headersOf('wx_join', { Prefer: 'wait=0' })).toEqual([
    'gewe-gateway; fwd=stale; detail=upstream-timeout; collapsed',
    'saved',
    '0',
  ]);
});

test('a refusal has Cache-Control: no-store and none of the headers of a list', async () => {
  expect(await headersOf('wx_none', ONLY_IF_CACHED)).toEqual([undefined, undefined, undefined]);
});
