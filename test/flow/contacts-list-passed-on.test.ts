import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Behaviour } from '../../src/simulator/simulator.ts';
import { httpGet } from '../support/http-client.ts';
import { askList, CACHE, listBytes, ONLY_IF_CACHED, saveList } from '../support/lists.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const raw = (body: string): Behaviour => ({ raw: { body } });

/** Errors of GEWE about an account or a parameter, and a part of each. */
const WORDS: readonly (readonly [string, Behaviour, string])[] = [
  ['that the account is offline', { accountOffline: true }, '微信已离线'],
  ['that the device is missing', { deviceMissing: true }, '设备不存在'],
  ['ret 401', raw('{"ret":401,"msg":null}'), '{"ret":401,"msg":null}'],
  [
    'ret "500" as text',
    raw('{"ret":"500","msg":"微信已离线"}'),
    '{"ret":"500","msg":"微信已离线"}',
  ],
  [
    'a list under another ret',
    raw('{"ret":500,"data":{"friends":["ann"],"chatrooms":[],"ghs":[]}}'),
    '{"ret":500,"data":{"friends":["ann"],"chatrooms":[],"ghs":[]}}',
  ],
];

// isGoodList decides which responses have a list; test/unit/gewe/outcome.test.ts tests every form.
const NO_LISTS: readonly string[] = [
  '{"ret":"200"}',
  '{"ret":200,"data":{"friends":[],"chatrooms":[],"ghs":[]}}',
];
const GOOD_LISTS: readonly string[] = [
  '{"ret":200,"data":{"friends":["ann"],"chatrooms":null,"ghs":null}}',
  '{"ret":"200","data":{"friends":["ann"],"chatrooms":[],"ghs":[]}}',
];

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

let accounts = 0;
const newAccount = () => `wx_${(accounts += 1)}`;
const saved = async (appId: string) =>
  (await askList(gateway, appId, ONLY_IF_CACHED)).body.toString();
const cacheCalls = (appId: string) =>
  gateway.simulator.calls.filter((call) => call.operation === CACHE && call.appId === appId);

test.each(WORDS)(
  'the upstream says %s: the response is passed on unchanged, and the saved list stays',
  async (_, behaviour, piece) => {
    const appId = newAccount();
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
    expect(await saved(appId)).toBe(listBytes('ann', 'bob'));
  },
);

test.each(WORDS)(
  "the upstream says %s and no list is saved: nothing is saved, and GEWE's cache is not asked",
  async (_, behaviour) => {
    const appId = newAccount();
    gateway.simulator.behave(appId, behaviour);
    expect((await askList(gateway, appId)).status).toBe(200);
    expect(JSON.parse(await saved(appId))).toMatchObject({ status: 504, code: 'list-not-saved' });
    expect(cacheCalls(appId)).toEqual([]);
  },
);

test.each(NO_LISTS)('if the upstream returns %s, the caller gets the saved list', async (body) => {
  const appId = newAccount();
  await saveList(gateway, appId, listBytes('ann', 'bob'));
  gateway.simulator.behave(appId, raw(body));

  const reply = await askList(gateway, appId);

  expect(reply.body.toString()).toBe(listBytes('ann', 'bob'));
  expect(reply.headers).toMatchObject({
    'cache-status': 'gewe-gateway; fwd=stale; detail=upstream-invalid',
    'x-gateway-source': 'saved',
  });
  expect(await saved(appId)).toBe(listBytes('ann', 'bob'));
});

test.each(NO_LISTS)(
  'if the upstream returns %s and no list is saved, the response is passed on unchanged',
  async (body) => {
    const appId = newAccount();
    gateway.simulator.behave(appId, raw(body));
    const reply = await askList(gateway, appId);
    expect([reply.status, reply.body.toString()]).toEqual([200, body]);
    expect(reply.headers['cache-status']).toBe('gewe-gateway; fwd=miss');
    expect(JSON.parse(await saved(appId))).toMatchObject({ code: 'list-not-saved' });
    expect(cacheCalls(appId)).toEqual([]);
  },
);

test('if the upstream returns an empty list, a caller with stale-if-error=0 gets an error', async () => {
  const appId = newAccount();
  await saveList(gateway, appId, listBytes('ann'));
  gateway.simulator.behave(appId, raw('{"ret":200,"data":{"friends":[],"chatrooms":[],"ghs":[]}}'));
  const reply = await askList(gateway, appId, { 'Cache-Control': 'stale-if-error=0' });
  expect([reply.status, JSON.parse(reply.body.toString())]).toMatchObject([
    502,
    { code: 'upstream-invalid', detail: expect.stringContaining('`ret` 200 without a list.') },
  ]);
});

test.each(GOOD_LISTS)('%s is a good list and is saved', async (body) => {
  const appId = newAccount();
  gateway.simulator.behave(appId, raw(body));
  const reply = await askList(gateway, appId);
  expect(reply.body.toString()).toBe(body);
  expect(reply.headers['cache-status']).toBe('gewe-gateway; fwd=miss; stored');
  expect(await saved(appId)).toBe(body);
});

test.each(['获取通讯录列表超时', 'I/O error: Read timed out', 'TIMEOUT'])(
  'the upstream reports its own timeout (%s): the caller gets the saved list',
  async (msg) => {
    const appId = newAccount();
    await saveList(gateway, appId, listBytes('ann'));
    gateway.simulator.behave(appId, raw(JSON.stringify({ ret: 500, msg })));
    const reply = await askList(gateway, appId);
    expect(reply.body.toString()).toBe(listBytes('ann'));
    expect(reply.headers['cache-status']).toBe('gewe-gateway; fwd=stale; detail=upstream-timeout');
  },
);

test('the upstream reports its own timeout and no list is saved: its cache is asked, and if that is empty, the report is passed on', async () => {
  const timedOut = raw('{"ret":500,"msg":"获取通讯录列表超时"}');
  const slow = { ...timedOut, operations: ['fetchContactsList'] };
  const [kept, none] = [newAccount(), newAccount()];
  gateway.simulator.behave(kept, [slow, raw(listBytes('from its cache'))]);
  gateway.simulator.behave(none, [slow, { cacheList: 'none' }]);

  const list = await askList(gateway, kept);
  expect(list.body.toString()).toBe(listBytes('from its cache'));
  const word = await askList(gateway, none);
  expect([word.status, word.body.toString()]).toEqual([200, timedOut.raw?.body]);
  expect(Number(word.headers['retry-after'])).toBeGreaterThanOrEqual(1);
});

test('the upstream rejects the token: saved lists are returned, and readiness names the token', async () => {
  const rejected = await startGateway();
  try {
    await saveList(rejected, 'wx_token', listBytes('ann'));
    rejected.simulator.behave('wx_token', {});
    rejected.simulator.setToken('another');

    const reply = await askList(rejected, 'wx_token');
    expect(reply.body.toString()).toBe(listBytes('ann'));
    expect(reply.headers['cache-status']).toBe(
      'gewe-gateway; fwd=stale; detail=upstream-token-rejected',
    );

    for (const [appId, headers] of [
      ['wx_new', {}],
      ['wx_token', { 'Cache-Control': 'stale-if-error=0' }],
    ] as const) {
      const refused = await askList(rejected, appId, headers);
      expect(refused.status).toBe(502);
      expect(JSON.parse(refused.body.toString())).toMatchObject({
        code: 'upstream-token-rejected',
      });
    }
    const ready = await httpGet(rejected.opsUrl, '/readyz');
    expect([ready.status, ready.json()]).toMatchObject([503, { notReady: ['token'] }]);
    const errors = rejected.log.filter(({ level }) => level === 'error');
    expect(errors.map(({ msg }) => msg)).toEqual([
      'the upstream rejects the token; renew it in GEWE_TOKEN or in the file of GEWE_TOKEN_FILE',
    ]);
  } finally {
    await rejected.stop();
  }
});
