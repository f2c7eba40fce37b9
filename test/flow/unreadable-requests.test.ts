/** Requests that cannot be routed: the caller gets a status and an id, and the process keeps running. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { rawRequest } from '../support/raw-client.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

test.each([
  ['no HTTP at all', 'hello\r\n\r\n', 400],
  ['a target that is no URL', 'GET http://[ HTTP/1.1\r\nHost: gateway.test\r\n\r\n', 400],
  [
    'both lengths',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    400,
  ],
  ['endless headers', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
])('%s is answered with its status and an X-Request-Id', async (_what, request, status) => {
  for (const url of [gateway.url, gateway.opsUrl]) {
    const answer = await rawRequest(url, request);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.body.toString()).toBe('');
  }
  await supertest(gateway.url).get('/healthz').expect(200);
});

test.each(['evil.example', 'evil.example:9090', '127.0.0.1.evil.example', ''])(
  'the ops listener without OPS_TOKEN refuses the Host %j, which a web page could send',
  async (host) => {
    const answer = await rawRequest(
      gateway.opsUrl,
      `GET /admin/accounts HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer.status).toBe(421);
  },
);

test.each(['localhost:1', '127.0.0.1', '[::1]:9090'])(
  'the ops listener without OPS_TOKEN accepts the Host %j',
  async (host) => {
    const answer = await rawRequest(
      gateway.opsUrl,
      `GET /admin/accounts HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer.status).toBe(200);
  },
);
