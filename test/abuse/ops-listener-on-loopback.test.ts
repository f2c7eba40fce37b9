/**
 * Without OPS_TOKEN, the ops listener answers local callers, but no web page that is open on the machine: neither one
 * whose host name resolves to this address (DNS rebinding), nor one that sends requests to it.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  expectClosed,
  expectItIsThere,
  leaveSomething,
  OPS_TARGETS,
  sendOps,
} from './ops-requests.ts';
import { rawRequest } from '../support/raw-client.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

describe('the ops listener on loopback without OPS_TOKEN', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
    await leaveSomething(gateway, {});
  });
  afterAll(() => gateway.stop());

  const metrics = (lines: readonly string[], target = '/metrics') =>
    sendOps(gateway.opsUrl, 'GET', target, lines);

  test.each([
    'localhost',
    'LOCALHOST:9090',
    '127.0.0.1',
    '127.0.0.1:1',
    '[::1]',
    '[::1]:9090',
    'gw.localhost',
    '0.0.0.0',
    '192.0.2.1:80',
    '[::]',
    '[::ffff:192.0.2.1]',
  ])('answers a request with the Host %s', async (host) => {
    expect((await metrics([`Host: ${host}`])).status).toBe(200);
    expect((await metrics([`Host: ${host}`], `http://${host}/metrics`)).status).toBe(200);
  });

  // A page whose host name resolves to 127.0.0.1 (DNS rebinding) sends that name as its Host.
  test.each([
    'evil.test',
    'localhost.',
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    'evil.test:9090',
    'localhost:',
    'localhost%00.evil.test',
    'xlocalhost',
    'localhostx',
    '127.1',
    '2130706433',
    '0x7f.1',
    '127.0.0.1.',
    '',
  ])('refuses a request with the Host %j', async (host) => {
    for (const target of ['/metrics', '/healthz', '/admin/lists/wx_a']) {
      expectClosed(await metrics([`Host: ${host}`], target), 'GET', 421);
    }
  });

  test.each([
    'localhost@evil.test',
    'evil.test@localhost',
    'localhost:9090@evil.test',
    'evil.test#localhost',
    'evil.test/localhost',
    'localhost:evil',
    'evil.test:1:2',
    'localhost\\.evil.test',
    'loca\u0406host',
    '[::1].evil.test',
    '::1',
    '[::1',
    'evil.test, localhost',
    'localhost, evil.test',
  ])('answers the invalid Host %j with an empty 400', async (host) => {
    for (const target of ['/metrics', '/healthz', '/admin/lists/wx_a']) {
      const answer = await metrics([`Host: ${host}`], target);
      expect([answer.status, answer.body.toString()]).toEqual([400, '']);
    }
  });

  test.each([
    ['two Hosts, the wrong one last', ['Host: localhost', 'Host: evil.test'], '/metrics'],
    ['two Hosts, the wrong one first', ['Host: evil.test', 'Host: localhost'], '/metrics'],
    ['another name in its target', ['Host: localhost'], 'http://evil.test/metrics'],
    ['a user in its target', ['Host: localhost'], 'http://localhost@evil.test/metrics'],
    ['a target without a name', ['Host: localhost'], 'http:///metrics'],
    [
      'the right name only from a proxy',
      ['Host: evil.test', 'X-Forwarded-Host: localhost'],
      '/metrics',
    ],
  ])('refuses a request with %s', async (_what, lines, target) => {
    const answer = await metrics(lines, target);
    expect([400, 421]).toContain(answer.status);
    expect(answer.body.toString()).not.toContain('gewe_gateway');
  });

  test('refuses a request without a Host', async () => {
    const request = 'GET /metrics HTTP/1.0\r\nConnection: close\r\n\r\n';
    expectClosed(await rawRequest(gateway.opsUrl, request), 'GET', 421);
    expect((await metrics([])).status).toBe(400);
  });

  const localhost = 'Host: localhost:9090';
  test.each([
    ['another site', ['Sec-Fetch-Site: cross-site', 'Origin: https://evil.test']],
    [
      'another port of this machine',
      ['Sec-Fetch-Site: same-site', 'Origin: http://localhost:3000'],
    ],
    ['a frame without an origin', ['Sec-Fetch-Site: cross-site', 'Origin: null']],
    ['a form', ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Origin: null']],
    ['an old browser', ['Origin: https://evil.test']],
    ['an old browser, at another port', ['Origin: http://localhost:3000']],
    ['an old browser, without an origin', ['Origin: null']],
  ])('refuses a browser request from %s, and the saved data stays', async (_where, lines) => {
    const preflight = [
      'Access-Control-Request-Method: DELETE',
      'Access-Control-Request-Private-Network: true',
    ];
    for (const target of OPS_TARGETS.filter((one) => one.startsWith('/'))) {
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
        const answer = await sendOps(gateway.opsUrl, method, target, [
          localhost,
          ...lines,
          ...preflight,
        ]);
        expectClosed(answer, method, 403);
      }
    }
    const isForm = lines.includes('Sec-Fetch-Mode: navigate');
    if (!isForm) expectClosed(await metrics([localhost, ...lines]), 'GET', 403);
    await expectItIsThere(gateway, {});
  });

  test.each([
    ['typed into the address bar', ['Sec-Fetch-Site: none', 'Sec-Fetch-Mode: navigate']],
    ['a link elsewhere', ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate']],
    ['a page of its own', ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: cors']],
    ['an old browser, a page of its own', ['Origin: http://localhost:9090']],
  ])('answers a browser (%s) without a CORS header', async (_what, lines) => {
    const answer = await metrics([localhost, ...lines]);
    expect(answer.status).toBe(200);
    expect([...answer.headers.keys()].join()).not.toContain('access-control');
  });
});
