import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Behaviour } from '../../src/simulator/simulator.ts';
import { askList, CACHE, listBytes, ONLY_IF_CACHED, saveList } from '../support/lists.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const raw = (body: string): Behaviour => ({ raw: { body } });

/** Answers with a `ret` that are no lists, and a piece of each. */
const WORDS: readonly (readonly [string, Behaviour, string])[] = [
  ['that the account is offline', { accountOffline: true }, '微信已离线'],
  ['that the device is missing', { deviceMissing: true }, '设备不存在'],
  ['ret 401', raw('{"ret":401,"msg":null}'), '{"ret":401,"msg":null}'],
  ['ret 200 without data', raw('{"ret":200}'), '{"ret":200}'],
  ['ret 200 with null for data', raw('{"ret":200,"data":null}'), '{"ret":200,"data":null}'],
  ['ret 200 with empty data', raw('{"ret":200, "data":{}}'), '{"ret":200, "data":{}}'],
  ['ret 200 with a list for data', raw('{"ret":200,"data":[]}'), '{"ret":200,"data":[]}'],
  [
    'ret 200 with three empty arrays',
    raw('{"ret":200,"data":{"friends":[],"chatrooms":[],"ghs":[]}}'),
    '{"ret":200,"data":{"friends":[],"chatrooms":[],"ghs":[]}}',
  ],
  [
    'ret 200 with an array missing',
    raw('{"ret":200,"data":{"friends":["ann"],"chatrooms":[]}}'),
    '{"ret":200,"data":{"friends":["ann"],"chatrooms":[]}}',
  ],
  [
    'ret 200 with friends that are no array',
    raw('{"ret":200,"data":{"friends":{"0":"ann"},"chatrooms":[],"ghs":["x"]}}'),
    '{"ret":200,"data":{"friends":{"0":"ann"},"chatrooms":[],"ghs":["x"]}}',
  ],
  [
    'a list under another ret',
    raw('{"ret":500,"data":{"friends":["ann"],"chatrooms":[],"ghs":[]}}'),
    '{"ret":500,"data":{"friends":["ann"],"chatrooms":[],"ghs":[]}}',
  ],
];

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

test.each(WORDS)(
  'the upstream says %s: the caller gets that as it is, and the saved list stays',
  async (name, behaviour, piece) => {
    const appId = `kept:${name}`.replaceAll(/[^\w:]/g, '_');
    await saveList(gateway, appId, listBytes('ann', 'bob'));
    gateway.simulator.behave(appId, behaviour);

    const reply = await askList(gateway, appId);

    expect(reply.status).toBe(200);
    if (behaviour.raw === undefined) expect(reply.body.toString()).toContain(piece);
    else expect(reply.body.toString()).toBe(piece);
    expect(reply.headers).toMatchObject({
      'cache-status': 'gewe-gateway; fwd=miss',
      'x-gateway-source': 'live',
    });
    expect(reply.headers).not.toHaveProperty('age');
    const saved = await askList(gateway, appId, ONLY_IF_CACHED);
    expect(saved.body.toString()).toBe(listBytes('ann', 'bob'));
  },
);

test.each(WORDS)(
  'the upstream says %s where nothing is saved: nothing is saved, and its cache is not asked',
  async (name, behaviour) => {
    const appId = `none:${name}`.replaceAll(/[^\w:]/g, '_');
    gateway.simulator.behave(appId, behaviour);

    expect((await askList(gateway, appId)).status).toBe(200);

    const saved = await askList(gateway, appId, ONLY_IF_CACHED);
    expect(saved.status).toBe(504);
    expect(JSON.parse(saved.body.toString())).toMatchObject({ code: 'list-not-saved' });
    const cacheCalls = gateway.simulator.calls.filter((call) => call.operation === CACHE);
    expect(cacheCalls.filter((call) => call.appId === appId)).toEqual([]);
  },
);

test('the upstream rejects the token: the caller is told so, and the saved list stays', async () => {
  await saveList(gateway, 'wx_token', listBytes('ann'));
  gateway.simulator.behave('wx_token', {});
  gateway.simulator.setToken('another');

  const reply = await askList(gateway, 'wx_token');

  expect(reply.status).toBe(502);
  expect(JSON.parse(reply.body.toString())).toMatchObject({ code: 'upstream-token-rejected' });
  expect((await askList(gateway, 'wx_token', ONLY_IF_CACHED)).status).toBe(200);
});
