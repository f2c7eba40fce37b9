/** Requests that the listeners refuse before any step: they have no request line, but are counted and logged. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createListener } from '../../src/listener/listener.ts';
import { httpCall } from '../support/http-client.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { openRaw, rawExchange } from '../support/raw-client.ts';
import { KEY, startGateway, type TestGateway } from '../support/start-gateway.ts';

const MSG = 'refused before it was a request';

let clock: MovableClock;
let gateway: TestGateway;
beforeEach(async () => {
  clock = movableClock();
  gateway = await startGateway({ overrides: { clock } });
});
afterEach(() => gateway.stop());

const linesTold = () => gateway.log.filter(({ msg }) => msg === MSG);

/** The series of the counter as they are written, and their values. */
async function counted(): Promise<Record<string, number>> {
  const { body } = await httpCall(gateway.opsUrl, { method: 'GET', path: '/metrics' });
  const series = body.toString().matchAll(/^gewe_gateway_refused_unread_total(\S*) (\d+)$/gm);
  return Object.fromEntries([...series].map(([, labels, value]) => [labels, Number(value)]));
}

test.each([
  [400, 'that are not HTTP', 'HELLO\r\n\r\n'],
  [400, 'without a Host', 'GET /healthz HTTP/1.1\r\n\r\n'],
  [400, 'for a target that is no URL', 'GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  [405, 'for a tunnel', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'],
  [417, 'with an expectation', 'GET / HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\n\r\n'],
  [431, 'with large headers', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
])(
  'a %i for bytes %s is counted on both listeners and logged with its request id',
  async (...row) => {
    const [status, , bytes] = row;
    const [answer] = await rawExchange(gateway.url, bytes);
    expect(answer?.status).toBe(status);
    const [opsAnswer] = await rawExchange(gateway.opsUrl, bytes);
    expect(opsAnswer?.status).toBe(status);

    expect(await counted()).toEqual({ [`{status="${status}"}`]: 2 });
    expect(linesTold()).toMatchObject([
      { level: 'info', status, requestId: answer?.headers.get('x-request-id'), heldBack: 0 },
    ]);
    expect(gateway.log.filter(({ msg }) => msg === 'request')).toEqual([]);
  },
);

test('one line is logged per ten seconds, with the number of suppressed ones', async () => {
  for (let n = 0; n < 3; n++) await rawExchange(gateway.url, 'HELLO\r\n\r\n');
  clock.advance(9_999);
  await rawExchange(gateway.url, 'HELLO\r\n\r\n');
  expect(linesTold()).toHaveLength(1);

  clock.advance(1);
  const [answer] = await rawExchange(gateway.opsUrl, 'HELLO\r\n\r\n');

  expect(linesTold()).toHaveLength(2);
  expect(linesTold()[1]).toMatchObject({
    requestId: answer?.headers.get('x-request-id'),
    heldBack: 3,
  });
  expect(await counted()).toEqual({ '{status="400"}': 5 });
});

test('a request that takes too long is reported with 408 and its request id', async () => {
  const refused: unknown[] = [];
  const patience = { headersMs: 50, requestMs: 50, checkEveryMs: 10, idleMs: 50, unreadMs: 1000 };
  const listener = createListener(gateway.gateway.app, (one) => refused.push(one), patience);
  const caller = openRaw(await listener.listen(0, '127.0.0.1'));
  caller.socket.write('GET /healthz HTTP/1.1\r\n');

  await caller.closed();
  listener.end();
  await listener.drain(0);
  const [answer] = caller.answers();
  expect(answer?.status).toBe(408);
  expect(refused).toEqual([{ status: 408, requestId: answer?.headers.get('x-request-id') }]);
});

test('a request whose body is cut off has a request line, and is not counted as unreadable', async () => {
  const head = [
    'POST /contacts/search HTTP/1.1',
    'Host: localhost',
    `X-API-Key: ${KEY}`,
    'Content-Type: application/json',
    'Transfer-Encoding: chunked',
  ].join('\r\n');
  const [answer] = await rawExchange(gateway.url, `${head}\r\n\r\n3\r\n{"a\r\nnonsense\r\n`);

  expect(answer?.status).toBe(400);
  expect(await counted()).toEqual({});
  expect(linesTold()).toEqual([]);
  expect(gateway.log.filter(({ msg }) => msg === 'request')).toMatchObject([
    { status: 400, requestId: answer?.headers.get('x-request-id') },
  ]);
});
