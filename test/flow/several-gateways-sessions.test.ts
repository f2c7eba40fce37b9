import { afterEach, expect, test } from '@jest/globals';
import { hashKey } from '../../src/settings/clients.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import {
  gatewayOnRedis,
  roundRobin,
  threeGateways,
  type GatewayOnRedis,
  type SeveralGateways,
} from '../support/gateways-on-redis.ts';
import { httpCall } from '../support/http-client.ts';
import { movableClock } from '../support/movable-clock.ts';
import { type TestGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-crm';
const CLIENTS = `clients:
  crm: { keys: ["sha256:${hashKey(KEY)}"], sessions: { maxSeconds: 600, requestsPerMinute: 4 } }
`;

function call({ url }: TestGateway, method: string, path: string, key: string, body: object) {
  const text = JSON.stringify(body);
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    Authorization: `Bearer ${key}`,
  };
  return httpCall(url, { method, path, headers, body: text });
}
const create = async (gateway: TestGateway, subject = 'alice') =>
  (await call(gateway, 'POST', '/sessions', KEY, { subject })).json()['token'] as string;
const search = (gateway: TestGateway, token: string) =>
  call(gateway, 'POST', '/contacts/search', token, { appId: 'wx_1' });

describeOnRedis('sessions on three gateways', () => {
  let all: SeveralGateways;
  afterEach(() => all.stop());
  const clock = movableClock();
  const start = async () => {
    all = await threeGateways(() => ({ clients: CLIENTS, overrides: { clock } }));
  };
  const gateway = (index: number) => roundRobin(all.gateways, index);

  test('are good at each of them, also if all three make their first session at once', async () => {
    await start();
    const tokens = await Promise.all([0, 1, 2].map((index) => create(gateway(index), `s${index}`)));
    for (const [made, token] of tokens.entries()) {
      expect((await search(gateway(made + 1), token)).status).toBe(200);
    }
  });

  test('are good at once at a gateway that has just looked for keys, and found none', async () => {
    await start();
    const header = Buffer.from('{"alg":"HS256","kid":"x"}').toString('base64url');
    const madeUp = `gws_${header}.e30.${'a'.repeat(43)}`;
    expect((await search(gateway(1), madeUp)).status).toBe(401);
    expect((await search(gateway(1), await create(gateway(0)))).status).toBe(200);
  });

  test('that one of them ends are refused by the others within a second', async () => {
    await start();
    const token = await create(gateway(0));
    // Now each remembers that this subject was never ended.
    for (const index of [0, 1, 2]) expect((await search(gateway(index), token)).status).toBe(200);
    await call(gateway(1), 'DELETE', '/sessions', KEY, { subject: 'alice' });
    clock.advance(1000);
    for (const index of [0, 1, 2]) expect((await search(gateway(index), token)).status).toBe(401);
  });

  test('have one rate for a subject over all gateways', async () => {
    await start();
    const token = await create(gateway(0), 'bob');
    const statuses: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      statuses.push((await search(gateway(index), token)).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 429]);
  });
});

describeOnRedis('a session while Redis is away', () => {
  let on: GatewayOnRedis;
  afterEach(() => on.stop());

  test('stays good if its gateway has seen it before; a new one is refused with store-unavailable', async () => {
    on = await gatewayOnRedis({ clients: CLIENTS });
    const token = await create(on.gateway);
    expect((await search(on.gateway, token)).status).toBe(200);
    await on.redis.kill();
    await on.untilReadiness(503);
    expect((await search(on.gateway, token)).status).toBe(200);
    const refused = await call(on.gateway, 'POST', '/sessions', KEY, {});
    expect([refused.status, refused.json()['code']]).toEqual([503, 'store-unavailable']);
  });
});
