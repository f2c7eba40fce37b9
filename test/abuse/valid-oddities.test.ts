/** Unusual but valid requests: they are answered according to RFC 9110 and 9112, unless the contract says otherwise. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openRaw, rawExchange } from '../support/raw-client.ts';
import { KEY, startGateway, type TestGateway } from '../support/start-gateway.ts';
import { BODY, LAST, SMUGGLED, call, post, type Call } from './corpus/requests.ts';

const LIMIT = 1000;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { BODY_LIMIT_BYTES: String(LIMIT) } });
});
afterEach(() => gateway.simulator.reset());
afterAll(() => gateway.stop());

async function statusesOf(bytes: string, url = gateway.url): Promise<number[]> {
  const answers = await rawExchange(url, bytes);
  return answers.map(({ status }) => status);
}

describe('Expect: 100-continue (RFC 9110 section 10.1.1)', () => {
  const expecting = (one: Call = {}) =>
    call({ ...one, headers: ['Expect: 100-continue', ...(one.headers ?? [])] });

  test('is answered with 100 Continue, then with the response, if the request is acceptable', async () => {
    const request = expecting({ headers: ['Connection: close'] });
    const caller = openRaw(gateway.url);

    caller.socket.write(request.slice(0, -BODY.length));
    expect((await caller.answered(1))[0]?.status).toBe(100);
    caller.socket.write(BODY);
    await caller.closed();

    expect(caller.answers().map(({ status }) => status)).toEqual([100, 200]);
  });

  test.each([
    [401, expecting({ key: 'wrong' })],
    [404, expecting({ operation: '..' })],
    [413, expecting({ body: ' '.repeat(LIMIT + 1) })],
    [417, call({ headers: ['Expect: 100-continue, 200-ok'] })],
  ])(
    'is not answered with 100 Continue if the request is refused with %i, and the connection is closed',
    async (status, request) => {
      const head = request.slice(0, request.indexOf('\r\n\r\n') + 4);

      expect(await statusesOf(head)).toEqual([status]);
      expect(await statusesOf(request + SMUGGLED)).toEqual([status]);
      expect(gateway.simulator.calls).toEqual([]);
    },
  );

  test('is ignored in HTTP/1.0', async () => {
    expect(await statusesOf(expecting().replace('HTTP/1.1', 'HTTP/1.0'))).toEqual([200]);
  });

  test('is answered with 100 Continue for a declaration on the ops listener', async () => {
    const declaration = '{"onlineSince":"2026-01-01T00:00:00Z"}';
    const request = expecting({
      body: declaration,
      headers: ['Connection: close', 'Origin: http://localhost'],
    });
    const put = request
      .replace('POST /contacts/search', 'PUT /admin/accounts/wx_a')
      .replace(/^Host: .*$/m, 'Host: localhost');

    expect(await statusesOf(put, gateway.opsUrl)).toEqual([100, 200]);
  });
});

describe('an unusual but valid request is served', () => {
  const ask = (line: string, ...headers: readonly string[]) =>
    `${[line, 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;
  const healthz = (...headers: readonly string[]) =>
    ask('GET /healthz HTTP/1.1', 'Host: localhost', ...headers);

  test.each([
    ['Upgrade: h2c, which is not offered', 200, healthz('Connection: upgrade', 'Upgrade: h2c')],
    ['Upgrade: websocket', 200, healthz('Connection: upgrade', 'Upgrade: websocket')],
    ['HTTP/1.0 without Host', 200, 'GET /healthz HTTP/1.0\r\n\r\n'],
    ['empty lines before it (RFC 9112 section 2.2)', 200, `\r\n\r\n${healthz()}`],
    ['two spaces in its first line (section 3)', 200, healthz().replace('GET ', 'GET  ')],
    ['100 headers', 200, healthz(...Array<string>(98).fill('X: y'))],
    [
      'chunks in capitals, with extensions and a trailer',
      200,
      post(
        'Connection: close\r\nTRANSFER-ENCODING:\tChunked',
        `10;a="b"\r\n${BODY}\r\n0\r\nX: y\r\n\r\n`,
      ),
    ],
    [
      'the absolute form, which names no operation',
      404,
      LAST.replace('/contacts', 'http://localhost/contacts'),
    ],
    [
      'the absolute form with another host',
      404,
      LAST.replace('/contacts', 'http://evil.test/contacts'),
    ],
    ['the asterisk form', 404, ask('OPTIONS * HTTP/1.1', 'Host: localhost')],
    [
      'a key in a trailer',
      401,
      post(
        'Connection: close\r\nTransfer-Encoding: chunked',
        `10\r\n${BODY}\r\n0\r\nX-API-Key: ${KEY}\r\n\r\n`,
      ).replace(`X-API-Key: ${KEY}`, 'X: y'),
    ],
  ])('%s: %i', async (_what, status, bytes) => {
    expect(await statusesOf(bytes)).toEqual([status]);
  });

  test.each([
    ['http://localhost/metrics', 200],
    ['http://evil.test/metrics', 421],
  ])(
    'on the ops listener, the host in the target %s counts, not the Host header: %i',
    async (target, status) => {
      const bytes = ask(`GET ${target} HTTP/1.1`, 'Host: localhost');
      expect(await statusesOf(bytes, gateway.opsUrl)).toEqual([status]);
    },
  );
});
