/** Beyond loopback, the ops listener answers only with OPS_TOKEN. A refusal reveals nothing and changes nothing. */
import { METHODS } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { budget } from '../support/budget.ts';
import {
  DOCS_TARGETS,
  expectClosed,
  expectItIsThere,
  leaveSomething,
  OPS_TARGETS,
  OPS_TOKEN,
  sendOps,
} from './ops-requests.ts';
import { KEY, startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';

/** Without a handler for CONNECT, Node closes the connection. */
const ANY_METHOD = METHODS.filter((method) => method !== 'CONNECT');

const NO_TOKENS: readonly (readonly string[])[] = [
  [],
  ['Authorization: Bearer'],
  ['Authorization: Bearer '],
  [`Authorization: ${OPS_TOKEN}`],
  [`Authorization: Bearer ${OPS_TOKEN}x`],
  [`Authorization: Bearer ${OPS_TOKEN.slice(0, -1)}`],
  [`Authorization: Bearer ${OPS_TOKEN.toUpperCase()}`],
  [`Authorization: Bearer ${OPS_TOKEN}, ${OPS_TOKEN}`],
  [`Authorization: Bearer "${OPS_TOKEN}"`],
  [`Authorization: Token ${OPS_TOKEN}`],
  [`Authorization: Basic ${OPS_TOKEN}`],
  [`Authorization: Bearer ${KEY}`],
  [`Authorization: Bearer ${TOKEN}`],
  ['Authorization: Bearer x', `Authorization: Bearer ${OPS_TOKEN}`],
  [`X-API-Key: ${OPS_TOKEN}`],
  [`X-API-Key: ${KEY}`],
  [`X-GEWE-TOKEN: ${OPS_TOKEN}`],
  [`X-OPS-TOKEN: ${OPS_TOKEN}`],
  [`Proxy-Authorization: Bearer ${OPS_TOKEN}`],
  [`Cookie: OPS_TOKEN=${OPS_TOKEN}`],
  ['X-Forwarded-For: 127.0.0.1', 'X-Real-IP: 127.0.0.1', 'Forwarded: for=127.0.0.1'],
];

describe('with OPS_TOKEN, beyond loopback', () => {
  const host = ['Host: 192.0.2.1'];
  const token = { Authorization: `Bearer ${OPS_TOKEN}` };
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway({ env: { OPS_HOST: '0.0.0.0', OPS_TOKEN } });
    await leaveSomething(gateway, token);
  });
  afterAll(() => gateway.stop());

  test('every path and method is refused without the right token', async () => {
    const isOpen = (target: string, method: string) =>
      DOCS_TARGETS.includes(target) && ['GET', 'HEAD'].includes(method);
    const table = OPS_TARGETS.flatMap((target) =>
      ANY_METHOD.filter((method) => !isOpen(target, method)).flatMap((method) =>
        NO_TOKENS.map((lines) => ({ target, method, lines })),
      ),
    );
    // The step shares no factor with a side of the table, so every row and every column is visited.
    const step = budget(71, 1);
    for (let at = 0; at < table.length; at += step) {
      const { target, method, lines } = table[at] as (typeof table)[number];
      expectClosed(await sendOps(gateway.opsUrl, method, target, [...host, ...lines]), method);
      expectClosed(await sendOps(gateway.opsUrl, method, target, [...host, ...lines]), method);
    }
    await expectItIsThere(gateway, token);
  }, 600_000);

  test.each(['/', '/healthz', '/readyz', '/metrics', '/admin/accounts', '/admin/lists/wx_a'])(
    '%s is served with the right token, if the Host is an address',
    async (target) => {
      const lines = [...host, `Authorization: Bearer ${OPS_TOKEN}`];
      expect((await sendOps(gateway.opsUrl, 'GET', target, lines)).status).toBe(200);
    },
  );

  test('OPS_TOKEN opens nothing on the client listener, which has none of these paths', async () => {
    for (const lines of [[`Authorization: Bearer ${OPS_TOKEN}`], [`X-API-Key: ${OPS_TOKEN}`]]) {
      const onClientPort = (method: string, target: string) =>
        sendOps(gateway.url, method, target, [...host, ...lines]);
      expect((await onClientPort('POST', '/contacts/search')).status).toBe(401);
      for (const target of OPS_TARGETS.filter((one) => !/z$|search$|^\/docs|openapi/.test(one))) {
        for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
          expect((await onClientPort(method, target)).status).toBe(404);
        }
      }
    }
  });
});

describe('without OPS_TOKEN, the gateway refuses to start', () => {
  test.each(['0.0.0.0', '::', '192.0.2.1', 'ops.example.com', 'localhost.example.com', '127.1'])(
    'with OPS_HOST %s',
    async (OPS_HOST) => {
      for (const none of [undefined, '', ' ', 'changeme']) {
        const starting = startGateway({ env: { OPS_HOST, OPS_TOKEN: none } });
        await expect(starting).rejects.toThrow(/"OPS_TOKEN"/);
      }
    },
  );
});
