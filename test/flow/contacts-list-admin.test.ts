import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { httpCall, httpGet } from '../support/http-client.ts';
import { askList, listBytes, ONLY_IF_CACHED, saveList } from '../support/lists.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

let clock: MovableClock;
let gateway: TestGateway;
beforeAll(async () => {
  clock = movableClock();
  gateway = await startGateway({ overrides: { clock } });
});
afterAll(() => gateway.stop());

const admin = (appId: string, method = 'GET') =>
  httpCall(gateway.opsUrl, {
    method,
    path: `/admin/lists/${appId}`,
    headers: { Origin: gateway.opsUrl },
  });

test('GET returns the age, the size and the source of a saved list, but no content', async () => {
  await saveList(gateway, 'wx_1', listBytes('ann'));
  const savedAt = new Date(clock.now()).toISOString();
  clock.advance(61_500);

  const response = await admin('wx_1');

  expect(response.status).toBe(200);
  expect(response.json()).toEqual({
    appId: 'wx_1',
    savedAt,
    ageSeconds: 61,
    bytes: Buffer.byteLength(listBytes('ann')),
    source: 'live',
  });
});

test("GET returns the source gewe-cache for a list from GEWE's cache", async () => {
  gateway.simulator.behave('wx_2', [
    { operations: ['fetchContactsList'], status: 503 },
    { cacheList: 'kept' },
  ]);
  await askList(gateway, 'wx_2');
  expect((await admin('wx_2')).json()).toMatchObject({ source: 'gewe-cache' });
});

test('DELETE removes the list of this account and no other', async () => {
  await saveList(gateway, 'wx_3', listBytes('ann'));
  await saveList(gateway, 'wx_4', listBytes('bob'));

  const response = await admin('wx_3', 'DELETE');

  expect(response.status).toBe(204);
  expect(response.body.toString()).toBe('');
  expect((await admin('wx_3')).status).toBe(404);
  expect((await askList(gateway, 'wx_3', ONLY_IF_CACHED)).status).toBe(504);
  expect((await askList(gateway, 'wx_4', ONLY_IF_CACHED)).status).toBe(200);
});

test('a good response saves a list again after DELETE', async () => {
  await saveList(gateway, 'wx_5', listBytes('ann'));
  await admin('wx_5', 'DELETE');
  await saveList(gateway, 'wx_5', listBytes('bob'));
  expect((await askList(gateway, 'wx_5', ONLY_IF_CACHED)).body.toString()).toBe(listBytes('bob'));
});

test('DELETE of a saved list logs one line with the appId and the request id; DELETE of a list that is not saved logs none', async () => {
  await saveList(gateway, 'wx_6', listBytes('ann'));
  const response = await admin('wx_6', 'DELETE');
  await admin('wx_6', 'DELETE');

  const changes = gateway.log.filter(({ appId, what }) => appId === 'wx_6' && what !== undefined);
  expect(changes).toMatchObject([
    {
      level: 'info',
      msg: 'an operator changed an account',
      what: 'list-forgotten',
      requestId: response.headers['x-request-id'],
    },
  ]);
});

test('GET and DELETE answer 404 if no list is saved', async () => {
  const responses = [await admin('wx_none'), await admin('wx_none', 'DELETE')];
  expect(responses.map(({ status }) => status)).toEqual([404, 404]);
  expect(responses[0]?.json()).toMatchObject({ code: 'not-found' });
});

test('an invalid appId is refused with 400, another method with 405 and Allow', async () => {
  expect((await admin('a%20b')).status).toBe(400);
  const response = await admin('wx_1', 'POST');
  expect(response.status).toBe(405);
  expect(response.headers.allow).toContain('DELETE');
});

test('the client listener does not have this path', async () => {
  const response = await httpGet(gateway.url, '/admin/lists/wx_1');
  expect(response.status).toBe(404);
});
