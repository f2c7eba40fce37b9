import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startBalancer, type Balancer } from './support/balancer.ts';
import { describeWith } from '../support/describe-with.ts';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { openRaw } from '../support/raw-client.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

describeWith('haproxy', 'a gateway behind the balancer of deploy/haproxy.cfg', () => {
  let gateway: TestGateway;
  let balancer: Balancer;
  const OPS_TOKEN = 'an-ops-token';
  beforeAll(async () => {
    gateway = await startGateway({ env: { OPS_TOKEN } });
    const place = new URL(gateway.url).host;
    const opsPlace = new URL(gateway.opsUrl).host;
    balancer = await startBalancer({
      gateways: [place, place, place],
      ops: [opsPlace, opsPlace, opsPlace],
    });
  });
  afterAll(async () => {
    await balancer.stop();
    await gateway.stop();
  });

  const list = (headers = {}) =>
    httpCall(balancer.url, {
      path: '/contacts/fetchContactsList',
      headers: { ...GOOD_HEADERS, ...headers },
      body: '{"appId":"wx_1"}',
    });

  test('returns a list with its Cache-Status', async () => {
    const { status, headers } = await list({ 'Accept-Encoding': 'br' });

    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'cache-status': 'gewe-gateway; fwd=miss; stored' });
  });

  test('lets a caller wait longer than the default deadline', async () => {
    gateway.simulator.behave('wx_1', { delayMs: 2000, operations: ['fetchContactsList'] });

    const { headers } = await list({ Prefer: 'wait=20' });

    expect(headers['preference-applied']).toBe('wait=20');
    expect(headers['x-gateway-source']).toBe('live');
  });

  // A caller that keeps sending may see the end of the connection first: HAProxy closes it after the response.
  test('returns the refusal of a body that is too large to a caller that has not sent all of it', async () => {
    const body = JSON.stringify({ appId: 'wx_1', filler: 'x'.repeat(3_000_000) });
    const head = [
      'POST /contacts/search HTTP/1.1',
      'Host: localhost',
      ...Object.entries(GOOD_HEADERS).map(([name, value]) => `${name}: ${value}`),
      `Content-Length: ${body.length}`,
    ].join('\r\n');
    const caller = openRaw(balancer.url);
    caller.socket.write(`${head}\r\n\r\n${body.slice(0, 10_000)}`);

    const [refused] = await caller.answered(1);
    caller.socket.destroy();

    expect(refused?.status).toBe(413);
    expect(JSON.parse(String(refused?.body))).toMatchObject({ code: 'body-too-large' });
  });

  test('lets operators use the admin API with OPS_TOKEN, but not /metrics', async () => {
    const ask = (method: string, path: string, token: string) =>
      httpCall(balancer.operatorsUrl, {
        method,
        path,
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
        ...(method === 'PUT' && { body: '{"onlineSince":"2026-01-01T00:00:00Z"}' }),
      });

    expect((await ask('PUT', '/admin/accounts/wx_1', 'another')).status).toBe(401);
    expect((await ask('PUT', '/admin/accounts/wx_1', OPS_TOKEN)).status).toBe(200);
    expect((await ask('GET', '/metrics', OPS_TOKEN)).status).toBe(404);
  });
});

describeWith('haproxy', 'three gateways behind the balancer', () => {
  const OPS_TOKEN = 'an-ops-token';
  let gateways: readonly TestGateway[] = [];
  let balancer: Balancer | undefined;
  afterAll(async () => {
    await balancer?.stop();
    await Promise.all(gateways.map((gateway) => gateway.stop()));
  });

  test('keep an operator with the one that knows the sign-in', async () => {
    gateways = await Promise.all([1, 2, 3].map(() => startGateway({ env: { OPS_TOKEN } })));
    const places = (key: 'url' | 'opsUrl') => {
      const [one = '', two = '', three = ''] = gateways.map((each) => new URL(each[key]).host);
      return [one, two, three] as const;
    };
    balancer = await startBalancer({ gateways: places('url'), ops: places('opsUrl') });
    const { operatorsUrl } = balancer;

    const signedIn = await httpCall(operatorsUrl, {
      path: '/sign-in',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: operatorsUrl },
      body: `token=${OPS_TOKEN}`,
    });
    expect(signedIn.status).toBe(303);
    const Cookie = signedIn.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    const ask = { method: 'GET', path: '/admin/accounts', headers: { Cookie } };
    for (let n = 0; n < 6; n += 1) expect((await httpCall(operatorsUrl, ask)).status).toBe(200);
  });
});
