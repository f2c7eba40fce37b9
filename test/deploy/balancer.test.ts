import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { BALANCER_CONFIG, startBalancer, type Balancer } from './support/balancer.ts';
import { describeWith } from '../support/describe-with.ts';
import { eventually } from '../support/eventually.ts';
import { httpCall } from '../support/http-client.ts';
import { deployed } from './support/manifests.ts';
import { startStandIn, type StandInGateway } from './support/stand-in-gateway.ts';

const ADD = { path: '/contacts/addContacts', body: '{"appId":"wx_1","option":2}' };

describeWith('haproxy', 'the balancer of deploy/haproxy.cfg', () => {
  let standIns: [StandInGateway, StandInGateway, StandInGateway];
  let balancer: Balancer;
  const all = () => standIns.flatMap(({ calls }) => calls);

  beforeEach(async () => {
    standIns = [await startStandIn(), await startStandIn(), await startStandIn()];
    const [first, second, third] = standIns;
    balancer = await startBalancer({ gateways: [first.place, second.place, third.place] });
  });
  afterEach(async () => {
    await balancer.stop();
    await Promise.all(standIns.map((one) => one.stop()));
  });

  const stateBecomes = (state: string) =>
    eventually(async () => (await balancer.state('ready', 1)) === state);

  test('has a valid configuration', () => {
    const output = execFileSync('haproxy', ['-c', '-V', '-f', BALANCER_CONFIG], {
      encoding: 'utf8',
    });
    expect(output).toBe('Configuration file is valid\n');
  });

  test('does not repeat a request whose gateway breaks the connection, and says that it may have been carried out', async () => {
    for (const one of standIns) one.answer = ({ req }) => void req.socket.resetAndDestroy();

    const { status, json } = await httpCall(balancer.url, ADD);

    expect(status).toBe(502);
    expect(json()).toMatchObject({ ret: 502, detail: expect.stringContaining('may have been') });
    expect(all()).toHaveLength(1);
  });

  test('does not repeat a request that a gateway answers with 503', async () => {
    for (const one of standIns) one.answer = ({ res }) => void res.writeHead(503).end('{}');

    expect((await httpCall(balancer.url, ADD)).status).toBe(503);
    expect(all()).toHaveLength(1);
  });

  test('sends the requests for a gateway that has just stopped to the others, each once', async () => {
    await standIns[0].stop();

    const answers = await Promise.all(
      Array.from({ length: 30 }, () => httpCall(balancer.url, ADD)),
    );

    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 200));
    expect(all()).toHaveLength(30);
  });

  test('sends no new request to a gateway that is not ready, and returns the responses to its running ones', async () => {
    for (const one of standIns) one.answer = () => undefined;
    const waiting = [1, 2, 3].map(() => httpCall(balancer.url, ADD));
    await eventually(() => all().length === 3);
    for (const one of standIns) one.answer = ({ res }) => void res.end('later');

    standIns[0].isReady = false;
    expect(await stateBecomes('DOWN')).toBe(true);
    await Promise.all(Array.from({ length: 10 }, () => httpCall(balancer.url, ADD)));
    expect(standIns[0].calls).toHaveLength(1);

    for (const { calls } of standIns) calls[0]?.res.end('at last');
    const bodies = (await Promise.all(waiting)).map(({ body }) => body.toString());
    expect(bodies).toEqual(['at last', 'at last', 'at last']);

    standIns[0].isReady = true;
    expect(await stateBecomes('UP')).toBe(true);
  });

  test('calls live gateways while none is ready', async () => {
    for (const one of standIns) one.isReady = false;
    expect(await eventually(async () => (await balancer.state('ready', 3)) === 'DOWN')).toBe(true);
    expect(await stateBecomes('DOWN')).toBe(true);

    const answers = await Promise.all([1, 2, 3].map(() => httpCall(balancer.url, ADD)));

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  test('says that nothing was sent, and when to try again, if all gateways are down', async () => {
    await Promise.all(standIns.map((one) => one.stop()));

    const { status, headers, json } = await httpCall(balancer.url, ADD);

    expect(status).toBe(503);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'retry-after': '2' });
    expect(json()).toMatchObject({ ret: 503, detail: expect.stringContaining('not sent') });
  });

  test('drains a gateway and brings it back by a form, only with a header that no web page can send', async () => {
    const ask = (action: string, headers: Record<string, string>) =>
      httpCall(balancer.pageUrl, {
        path: '/',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
        body: `b=ready&s=gateway-1&action=${action}`,
      });

    expect((await ask('drain', {})).headers.location).toBe('/;st=DENY');
    expect(await balancer.state('ready', 1)).toBe('UP');

    await ask('drain', { 'X-Balancer-Admin': 'yes' });
    expect(await balancer.state('ready', 1)).toBe('DRAIN');
    await Promise.all(Array.from({ length: 10 }, () => httpCall(balancer.url, ADD)));
    expect(standIns[0].calls).toEqual([]);

    await ask('ready', { 'X-Balancer-Admin': 'yes' });
    expect(await balancer.state('ready', 1)).toBe('UP');
  });

  test('passes requests and responses through unchanged, up to the largest response', async () => {
    const answer = Buffer.alloc(33_554_432, 'list');
    for (const one of standIns) {
      one.answer = ({ res }) =>
        void res.writeHead(200, { 'X-Request-Id': 'of-the-caller' }).end(answer);
    }
    const headers = {
      'X-Request-Id': 'of-the-caller',
      Prefer: 'wait=60',
      Authorization: 'Bearer k',
    };
    const body = Buffer.from('{ "appId" : "wx_1", "v3" : "\\u0041 你好" }');

    const got = await httpCall(balancer.url, { path: '/v2/api/contacts/x', headers, body });

    expect(got.body.equals(answer)).toBe(true);
    expect(got.headers['x-request-id']).toBe('of-the-caller');
    const [call] = all();
    expect(call?.req.url).toBe('/v2/api/contacts/x');
    expect(call?.req.headers).toMatchObject({
      'x-request-id': 'of-the-caller',
      prefer: 'wait=60',
      authorization: 'Bearer k',
      'x-forwarded-for': '127.0.0.1',
      // A kept connection could be closed just when the next request is sent.
      connection: 'close',
    });
    expect(call?.body.equals(body)).toBe(true);
  });
});

test('the timeout of the balancer is longer than the longest wait of a caller', () => {
  const defaultOf = (name: string) =>
    Number(new RegExp(`^# ${name}=(\\d+)$`, 'm').exec(deployed('../.env.example'))?.[1]);
  const seconds = Number(/timeout server (\d+)s/.exec(deployed('haproxy.cfg'))?.[1]);
  const longest = defaultOf('LIST_HARD_LIMIT_MS') + defaultOf('LIST_CACHE_DEADLINE_MS');
  expect(seconds * 1000).toBeGreaterThan(longest);
});
