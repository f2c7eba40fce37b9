/** Several requests on one connection: each is checked separately and answered once, in order. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openRaw, rawExchange } from '../support/raw-client.ts';
import { startRawUpstream, wire, type RawUpstream } from '../support/raw-upstream.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import { BODY, LAST, MARKER, SMUGGLED, call, chunked, get } from './corpus/requests.ts';

const LIMIT = 1000;
/** The SHA-256 of `reads`, the key of a client that may only read, for one account. */
const READER = '3566cf23ecb6f832d67d1439e0cb3d05eb7f4ad702c6f478aa96f19812f18e8c';

let upstream: RawUpstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await startRawUpstream((socket) =>
    socket.write(wire('{"ret":200,"data":{}}', '200 OK', [])),
  );
  gateway = await startGateway({
    env: { GEWE_BASE_URL: upstream.baseUrl, BODY_LIMIT_BYTES: String(LIMIT) },
    clients: `clients: { reader: { keys: ["sha256:${READER}"], appIds: ["wx_a"], operations: ["read"] } }`,
  });
});
afterEach(() => upstream.forget());
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

async function statusesOf(bytes: string, url = gateway.url): Promise<number[]> {
  const answers = await rawExchange(url, bytes);
  return answers.map(({ status }) => status);
}

/** The operations that the upstream was asked for, in order. */
function operationsCalled(): string[] {
  return [...upstream.received().matchAll(/POST \/v2\/api\/contacts\/(\S+)/g)].map(
    ([, operation = '']) => operation,
  );
}

describe('pipelined requests', () => {
  test('are each carried out once and answered in order', async () => {
    const ids = Array.from({ length: 20 }, (_, at) => `request-${at}`);
    const requests = ids.map((id) =>
      call({ operation: id.replace('-', ''), headers: [`X-Request-Id: ${id}`] }),
    );

    const answers = await rawExchange(gateway.url, requests.join('') + LAST);

    expect(answers.map(({ status }) => status)).toEqual(Array(21).fill(200));
    expect(answers.slice(0, 20).map(({ headers }) => headers.get('x-request-id'))).toEqual(ids);
    expect(operationsCalled().sort()).toEqual(
      [...ids.map((id) => id.replace('-', '')), 'search'].sort(),
    );
  });

  test('are each checked with their own key, rights and path', async () => {
    const statuses = await statusesOf(
      [
        call({ key: 'reads' }),
        call({ key: 'wrong', operation: MARKER }),
        call({ key: 'reads', operation: MARKER }),
        call({ key: 'reads', body: '{"appId":"wx_b"}' }),
        call({ operation: `../${MARKER}` }),
        call({ body: `{"appId":"wx_a"}{"${MARKER}":1}` }),
        LAST,
      ].join(''),
    );

    expect(statuses).toEqual([200, 401, 403, 403, 404, 400, 200]);
    expect(operationsCalled()).toEqual(['search', 'search']);
  });

  test.each([
    ['garbage', 'garbage\r\n\r\n'],
    ['a request without Host', get('GET /healthz HTTP/1.1')],
    ['a target that is no URL', get('GET http://[ HTTP/1.1', 'Host: localhost')],
    [
      'an Expect that nobody knows',
      get('GET /healthz HTTP/1.1', 'Host: localhost', 'Expect: 200-ok'),
    ],
  ])(
    'that precede %s are answered first, and nothing after it is carried out',
    async (_what, bytes) => {
      const statuses = await statusesOf(call() + call() + bytes);

      expect(statuses.slice(0, 2)).toEqual([200, 200]);
      expect(statuses.slice(2).map((status) => [400, 417].includes(status))).toEqual([true]);
      expect(operationsCalled()).toEqual(['search', 'search']);
    },
  );

  test('that follow a request with Connection: close are not carried out (RFC 9112 section 9.6)', async () => {
    expect(await statusesOf(LAST + SMUGGLED)).toEqual([200]);
    expect(operationsCalled()).toEqual(['search']);
  });
});

describe('a request that asks for another protocol', () => {
  const H2C = ['Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAEAAEAAAAIAAAAA'];
  const wishes: [string, readonly string[]][] = [
    ['h2c, as Java asks for it', [...H2C, 'Upgrade: h2c']],
    ['h2c or else a WebSocket', [...H2C, 'Upgrade: h2c, websocket']],
    ['a WebSocket', ['Connection: keep-alive, Upgrade', 'Upgrade: websocket']],
    ['TLS', ['Upgrade: TLS/1.0', 'connection: UPGRADE']],
    ['nothing that is known', ['Connection: upgrade', 'Upgrade: x']],
    ['nothing, or is not understood', ['Upgrade: h2c']],
  ];

  test.each(wishes)(
    '%s is answered in HTTP/1.1, and the connection stays usable (RFC 9110 section 7.8)',
    async (_what, headers) => {
      for (const url of [gateway.url, gateway.opsUrl]) {
        const request = url === gateway.url ? call({ headers }) : health(headers);
        const caller = openRaw(url);
        for (const count of [1, 2, 3]) {
          caller.socket.write(request);
          await caller.answered(count);
        }
        caller.socket.end();
        await caller.closed();
        expect(caller.answers().map(({ status }) => status)).toEqual([200, 200, 200]);
      }
      expect(operationsCalled()).toEqual(['search', 'search', 'search']);
    },
  );

  function health(headers: readonly string[]): string {
    return ['GET /healthz HTTP/1.1', 'Host: localhost', ...headers, '', ''].join('\r\n');
  }

  const bodies: [string, (headers: readonly string[]) => string][] = [
    ['with a body', (headers) => call({ operation: 'first', headers })],
    [
      'with a body in chunks',
      (headers) => {
        const lines = [...headers, 'Transfer-Encoding: chunked'];
        const body = `10\r\n${BODY}\r\n0\r\n\r\n`;
        return call({ operation: 'first', headers: lines, body }).replace(
          /Content-Length: .*\r\n/,
          '',
        );
      },
    ],
    ['without a body', (headers) => health([...headers, 'X-Request-Id: first'])],
    ['that is refused', (headers) => call({ operation: '..', headers })],
  ];
  const cases = wishes.flatMap(([what, headers]) =>
    bodies.map(([which, request]) => [which, what, request(headers)] as const),
  );

  test.each(cases)(
    '%s: %s, never gets the response to another request',
    async (_which, _what, request) => {
      const caller = openRaw(gateway.url);
      const named = (id: string) => call({ operation: id, headers: [`X-Request-Id: ${id}`] });

      caller.socket.write(
        request.replace('Content-Type', 'X-Request-Id: first\r\nContent-Type') + named('second'),
      );
      await caller.answered(1);
      caller.socket.write(
        named('third') + LAST.replace('Content-Type', 'X-Request-Id: last\r\n$&'),
      );
      await caller.closed();

      const ids = caller.answers().map(({ headers }) => headers.get('x-request-id'));
      expect(ids).toEqual(['first', 'second', 'third', 'last'].slice(0, ids.length));
      const called = operationsCalled();
      expect(called).toEqual(
        ['first', 'second', 'third', 'search'].filter((id) => called.includes(id)),
      );
      for (const id of ids.slice(1)) expect(called).toContain(id === 'last' ? 'search' : id);
    },
  );

  test('is carried out in its turn if it follows other requests', async () => {
    const upgrading = call({ operation: 'third', headers: [...H2C, 'Upgrade: h2c'] });

    const statuses = await statusesOf(
      call({ operation: 'first' }) + call({ operation: 'second' }) + upgrading + SMUGGLED,
    );

    expect(statuses).toEqual([200, 200, 200]);
    expect(operationsCalled().sort()).toEqual(['first', 'second', 'third']);
  });
});

describe('a body', () => {
  const hidden = `${SMUGGLED}${' '.repeat(300)}`;
  const tooLong = hidden.padEnd(LIMIT + 1);

  test.each([
    [401, call({ key: 'wrong', body: hidden })],
    [404, call({ operation: '..', body: hidden })],
    [405, call({ body: hidden }).replace('POST', 'PUT')],
    [413, call({ body: tooLong })],
    [415, call({ body: hidden }).replace('application/json', 'text/plain')],
  ])(
    'that was refused with %i is read to its end and not taken for a request',
    async (status, request) => {
      const caller = openRaw(gateway.url);
      const bodyAt = request.indexOf('\r\n\r\n') + 4;

      caller.socket.write(request.slice(0, bodyAt));
      expect((await caller.answered(1))[0]?.status).toBe(status);
      caller.socket.write(request.slice(bodyAt) + LAST);
      await caller.closed();

      expect(caller.answers().map((answer) => answer.status)).toEqual([status, 200]);
      expect(operationsCalled()).toEqual(['search']);
    },
  );

  test('in chunks is refused as soon as it passes the limit, and its rest is not taken for a request', async () => {
    const caller = openRaw(gateway.url);
    const chunk = `${tooLong.length.toString(16)}\r\n${tooLong}\r\n`;

    caller.socket.write(chunked(chunk));
    const [refusal] = await caller.answered(1);
    expect([refusal?.status, JSON.parse(String(refusal?.body)).code]).toEqual([
      413,
      'body-too-large',
    ]);
    caller.socket.write(`${chunk}0\r\n\r\n${LAST}`);
    await caller.closed();

    expect(caller.answers().map(({ status }) => status)).toEqual([413, 200]);
    expect(operationsCalled()).toEqual(['search']);
  });

  test('ends at its announced length; bytes after it get 400 and are not carried out', async () => {
    expect(await statusesOf(`${call()}x${SMUGGLED}`)).toEqual([200, 400]);
    expect(operationsCalled()).toEqual(['search']);
  });
});
