/**
 * An upstream whose list becomes empty or shorter: an empty list does not replace the saved one, and a much shorter one
 * is logged as a warning.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { askList, listBytes, ONLY_IF_CACHED, saveList } from '../support/lists.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const friends = (count: number) => Array.from({ length: count }, (_, index) => `wxid_${index}`);
const LONG = listBytes(...friends(1000));
const SHORT = listBytes(...friends(50));
const WARNING = 'a saved list was replaced by one of a tenth of its size or less';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

const warnings = (appId: string) =>
  gateway.log.filter((line) => line['msg'] === WARNING && line['appId'] === appId);
const savedOf = async (appId: string) =>
  (await askList(gateway, appId, ONLY_IF_CACHED)).body.toString();

test('a list that shrinks to a tenth replaces the saved one, with a warning in the log', async () => {
  await saveList(gateway, 'wx_shrinks', LONG);
  await saveList(gateway, 'wx_shrinks', SHORT);

  expect(await savedOf('wx_shrinks')).toBe(SHORT);
  expect(warnings('wx_shrinks')).toMatchObject([
    { level: 'warn', bytesBefore: LONG.length, bytesAfter: SHORT.length },
  ]);
});

test('the response with a list that shrank contains no warning', async () => {
  await saveList(gateway, 'wx_seen', LONG);
  gateway.simulator.behave('wx_seen', { raw: { body: SHORT } });

  const reply = await askList(gateway, 'wx_seen');

  expect(reply.body.toString()).toBe(SHORT);
  expect(reply.headers).toMatchObject({
    'cache-status': 'gewe-gateway; fwd=miss; stored',
    'x-gateway-source': 'live',
  });
  expect(reply.headers).not.toHaveProperty('warning');
});

test("a list that shrinks in GEWE's cache is logged as a warning, too", async () => {
  const polling = await startGateway({ env: { LIST_DEADLINE_MS: '50', LIST_POLL_MS: '50' } });
  await saveList(polling, 'wx_cache', LONG);
  polling.simulator.behave('wx_cache', [
    { operations: ['fetchContactsList'], hang: true },
    { raw: { body: SHORT } },
  ]);

  const reply = await askList(polling, 'wx_cache', { Prefer: 'wait=60' });
  await polling.stop();

  expect(reply.headers['x-gateway-source']).toBe('gewe-cache');
  expect(polling.log.filter(({ msg }) => msg === WARNING)).toHaveLength(1);
});

test('a list that shrinks by less, or grows, is not logged as a warning', async () => {
  await saveList(gateway, 'wx_steady', LONG);
  await saveList(gateway, 'wx_steady', listBytes(...friends(500)));
  await saveList(gateway, 'wx_steady', LONG);

  expect(warnings('wx_steady')).toEqual([]);
});

test('an empty list does not replace the saved one, and its caller gets the saved one', async () => {
  const empty = '{"ret":200,"data":{"friends":[],"chatrooms":[],"ghs":[]}}';
  await saveList(gateway, 'wx_empty', LONG);
  gateway.simulator.behave('wx_empty', { raw: { body: empty } });

  expect((await askList(gateway, 'wx_empty')).body.toString()).toBe(LONG);
  expect(await savedOf('wx_empty')).toBe(LONG);
  expect(warnings('wx_empty')).toEqual([]);
});
