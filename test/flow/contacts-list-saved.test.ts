import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Behaviour } from '../../src/simulator/simulator.ts';
import { askList, listBytes, NO_FALLBACK, ONLY_IF_CACHED, saveList } from '../support/lists.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

/** One upstream failure of each kind, and its name in Cache-Status. All others are in upstream-faults.test.ts. */
const FAILURES: readonly (readonly [string, Behaviour, string])[] = [
  ['does not answer within the deadline', { hang: true }, 'timeout'],
  ['resets the connection', { reset: true }, 'unreachable'],
  ['answers 503', { status: 503 }, 'invalid'],
  ['answers 404', { status: 404 }, 'invalid'],
];

const slowCall = (behaviour: Behaviour): Behaviour => ({
  ...behaviour,
  operations: ['fetchContactsList'],
});

let gateway: TestGateway;
/** For upstreams that are too slow. No test needs another response within its deadline. */
let hasty: TestGateway;
beforeAll(async () => {
  gateway = await start({});
  hasty = await start({ LIST_DEADLINE_MS: '200' });
});
afterAll(async () => {
  await gateway.stop();
  await hasty.stop();
});

function start(env: Record<string, string>): Promise<TestGateway> {
  return startGateway({
    env: { SHUTDOWN_GRACE_MS: '0', ...env },
    // Otherwise this many failures over many accounts would open the breaker.
    policy: 'breaker: { failures: 100000 }',
  });
}

const gatewayFor = (why: string) => (why === 'timeout' ? hasty : gateway);

describe('a good list', () => {
  test('is returned and saved byte for byte', async () => {
    const bytes = listBytes('ann', 'bob');
    gateway.simulator.behave('wx_good', { raw: { body: bytes } });

    const live = await askList(gateway, 'wx_good');
    expect(live.status).toBe(200);
    expect(live.body.toString()).toBe(bytes);
    expect(live.headers['x-gateway-source']).toBe('live');

    const saved = await askList(gateway, 'wx_good', ONLY_IF_CACHED);
    expect(saved.body.toString()).toBe(bytes);
    expect(saved.headers['x-gateway-source']).toBe('saved');
  });

  test('replaces the saved one even if it is shorter', async () => {
    await saveList(gateway, 'wx_shrinks', listBytes('ann', 'bob', 'cem'));
    await saveList(gateway, 'wx_shrinks', listBytes('ann'));

    const saved = await askList(gateway, 'wx_shrinks', ONLY_IF_CACHED);
    expect(saved.body.toString()).toBe(listBytes('ann'));
  });

  test('may consist of groups only', async () => {
    const body = '{"ret":200,"data":{"friends":[],"chatrooms":["1@chatroom"],"ghs":[]}}';
    await saveList(gateway, 'wx_groups', body);
    expect((await askList(gateway, 'wx_groups', ONLY_IF_CACHED)).body.toString()).toBe(body);
  });
});

describe('if a list is saved and the upstream', () => {
  test.each(FAILURES)('%s, the caller gets the saved list', async (name, behaviour, why) => {
    const appId = `saved:${name}`.replaceAll(/[^\w:]/g, '_');
    const bytes = listBytes('ann', name);
    const asked = gatewayFor(why);
    await saveList(asked, appId, bytes);
    asked.simulator.behave(appId, slowCall(behaviour));

    const reply = await askList(asked, appId);

    expect(reply.status).toBe(200);
    expect(reply.body.toString()).toBe(bytes);
    expect(reply.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-status': `gewe-gateway; fwd=stale; detail=upstream-${why}`,
      'x-gateway-source': 'saved',
      'cache-control': 'no-store',
    });
    expect(reply.headers.age).toMatch(/^\d+$/);
  });

  test('refuses connections, the caller gets the saved list', async () => {
    const down = await startGateway();
    try {
      await saveList(down, 'wx_down', listBytes('ann'));
      await down.simulator.stop();

      const reply = await askList(down, 'wx_down');
      expect(reply.status).toBe(200);
      expect(reply.body.toString()).toBe(listBytes('ann'));
      expect(reply.headers['cache-status']).toBe(
        'gewe-gateway; fwd=stale; detail=upstream-unreachable',
      );
      const refused = await askList(down, 'wx_down_2');
      expect(refused.status).toBe(502);
      expect(JSON.parse(refused.body.toString())).toMatchObject({ code: 'upstream-unreachable' });
    } finally {
      await down.stop();
    }
  });
});

describe('if no list is saved and the upstream', () => {
  test.each(FAILURES)(
    '%s, its cache endpoint is asked and the list from it saved',
    async (name, slow, why) => {
      const appId = `cache:${name}`.replaceAll(/[^\w:]/g, '_');
      const bytes = listBytes('from its cache', name);
      const asked = gatewayFor(why);
      asked.simulator.behave(appId, [slowCall(slow), { raw: { body: bytes } }]);

      const reply = await askList(asked, appId);
      expect(reply.status).toBe(200);
      expect(reply.body.toString()).toBe(bytes);
      expect(reply.headers).toMatchObject({
        'cache-status': 'gewe-gateway; fwd=miss; stored; detail=gewe-cache',
        'x-gateway-source': 'gewe-cache',
      });

      const saved = await askList(asked, appId, ONLY_IF_CACHED);
      expect(saved.body.toString()).toBe(bytes);
      expect(saved.headers['cache-status']).toBe('gewe-gateway; hit; detail=gewe-cache');
    },
  );

  test.each(FAILURES)(
    '%s and its cache is empty, the caller is refused',
    async (name, slow, why) => {
      const appId = `none:${name}`.replaceAll(/[^\w:]/g, '_');
      const asked = gatewayFor(why);
      asked.simulator.behave(appId, [slowCall(slow), { cacheList: 'none' }]);

      const reply = await askList(asked, appId);

      // The upstream was reached, but is not GEWE.
      const wasReached = name === 'answers 404';
      const code = wasReached ? 'upstream-invalid' : 'upstream-unreachable';
      const [status, expected] = why === 'timeout' ? [504, 'upstream-timeout'] : [502, code];
      expect(reply.status).toBe(status);
      expect(JSON.parse(reply.body.toString())).toMatchObject({
        ret: status,
        code: expected,
      });
      expect(Number(reply.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect((await askList(asked, appId, ONLY_IF_CACHED)).status).toBe(504);
    },
  );

  const NO_LISTS: readonly (readonly [string, Behaviour])[] = [
    ['resets the connection', { reset: true }],
    ['answers 503', { status: 503 }],
    ['says that the account is offline', { accountOffline: true }],
    [
      'gives three empty arrays',
      { raw: { body: '{"ret":200,"data":{"friends":[],"chatrooms":[],"ghs":[]}}' } },
    ],
    ['gives empty data', { raw: { body: '{"ret":200,"data":{}}' } }],
  ];
  test.each(NO_LISTS)(
    'is too slow and its cache endpoint %s, the caller is refused with 504',
    async (name, behaviour) => {
      const appId = `rude:${name}`.replaceAll(/[^\w:]/g, '_');
      await expectRefusals(hasty, appId, behaviour);
    },
  );

  test('is too slow and its cache endpoint hangs, the caller is refused with 504', async () => {
    const hastier = await start({ LIST_DEADLINE_MS: '200', LIST_CACHE_DEADLINE_MS: '200' });
    try {
      await expectRefusals(hastier, 'rude:hangs', { hang: true });
    } finally {
      await hastier.stop();
    }
  });

  async function expectRefusals(asked: TestGateway, appId: string, cache: Behaviour) {
    asked.simulator.behave(appId, [slowCall({ hang: true }), cache]);
    expect((await askList(asked, appId)).status).toBe(504);
    expect((await askList(asked, appId, NO_FALLBACK)).status).toBe(504);
    expect((await askList(asked, appId, ONLY_IF_CACHED)).status).toBe(504);
  }
});
