import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createSimulator,
  type Behaviour,
  type RecordedCall,
  type Simulator,
} from '../../src/simulator/simulator.ts';
import { VERSION } from '../../src/version.ts';
import {
  callerWhoLeaves,
  GOOD_HEADERS,
  type HttpAnswer,
  httpCall,
} from '../support/http-client.ts';
import { rawPost, rawRequest } from '../support/raw-client.ts';
import { startRawUpstream, wire } from '../support/raw-upstream.ts';
import {
  DEAD_BASE_URL,
  KEY,
  startGateway,
  TOKEN,
  type TestGateway,
} from '../support/start-gateway.ts';

const OPERATIONS = [
  'fetchContactsList',
  'fetchContactsListCache',
  'getBriefInfo',
  'getDetailInfo',
  'search',
  'addContacts',
  'deleteFriend',
  'setFriendPermissions',
  'setFriendRemark',
  'getPhoneAddressList',
  'uploadPhoneAddressList',
  'checkRelation',
  'whatGeweAddsTomorrow2',
];
const PREFIXES = ['/v2/api', '/gewe/v2/api'];
/** The operations that the gateway answers itself, and one that it forwards. */
const OWN = ['fetchContactsList', 'addContacts', 'search'];

/** JSON that no library would write back unchanged. The reject of addContacts costs no quota. */
const oddBody = (appId: string) =>
  `\r\n{ "z" : 9007199254740993 ,\n\t"option":"4", "appId":"${appId}"  ,"v3":"\\u4f60\\/好😀","a":1E2,` +
  `"nested":{"k":0.10,"k":-0},  "名":[ ] }\n `;
const ODD_ANSWER =
  ' {"msg" : "\\u64cd作成功 \\/ 😀", "ret":200,\n "data" :{"id":12345678901234567890123, "x":1.0,' +
  '"friends":[ "a" ],"chatrooms":[],"ghs":[]} , "__proto__":{"ret":1}}\r\n';

const call = (gateway: TestGateway, operation: string, appId: string): Promise<HttpAnswer> =>
  httpCall(gateway.url, {
    path: `/contacts/${operation}`,
    headers: GOOD_HEADERS,
    body: JSON.stringify({ appId, option: 4 }),
  });

describe('a forwarded request', () => {
  let gateway: TestGateway;
  let simulator: Simulator;
  beforeAll(async () => {
    gateway = await startGateway();
    ({ simulator } = gateway);
  });
  afterEach(() => simulator.reset());
  afterAll(() => gateway.stop());

  test.each([
    ...OPERATIONS.map((operation) => ({ prefix: '', operation })),
    // A prefix has the same effect on all operations.
    ...PREFIXES.flatMap((prefix) => OWN.map((operation) => ({ prefix, operation }))),
  ])(
    '$operation under "$prefix" is forwarded and answered without a changed byte',
    async ({ prefix, operation }) => {
      const appId = `wx_${prefix.length}_${operation}`;
      simulator.behave(appId, { raw: { body: ODD_ANSWER } });

      const answer = await httpCall(gateway.url, {
        path: `${prefix}/contacts/${operation}`,
        headers: { ...GOOD_HEADERS, 'Content-Type': 'application/json; charset=UTF-8' },
        body: oddBody(appId),
      });

      expect(answer.status).toBe(200);
      expect(answer.body.toString()).toBe(ODD_ANSWER);
      expect(answer.headers['content-type']).toBe('application/json');
      expect(simulator.calls).toHaveLength(1);
      const [received] = simulator.calls;
      expect(received?.method).toBe('POST');
      expect(received?.path).toBe(`/v2/api/contacts/${operation}`);
      expect(received?.body.toString()).toBe(oddBody(appId));
    },
  );

  test('with a chunked body is sent with its Content-Length instead', async () => {
    const answer = await rawRequest(
      gateway.url,
      [
        'POST /contacts/search HTTP/1.1',
        'Host: gateway.test',
        'Content-Type: application/json',
        `X-API-Key: ${KEY}`,
        'Transfer-Encoding: chunked',
        'Connection: close',
        '',
        '9\r\n{"appId":',
        '7\r\n"wx_1"}',
        '0\r\n\r\n',
      ].join('\r\n'),
    );

    expect(answer.status).toBe(200);
    expect(simulator.calls[0]?.body.toString()).toBe('{"appId":"wx_1"}');
    expect(simulator.calls[0]?.headers['content-length']).toBe('16');
    expect(simulator.calls[0]?.headers['transfer-encoding']).toBeUndefined();
  });

  test('is sent without its query', async () => {
    const answer = await httpCall(gateway.url, {
      path: '/contacts/search?key=secret&next=/contacts/deleteFriend',
      headers: GOOD_HEADERS,
      body: '{"appId":"wx_1"}',
    });

    expect(answer.status).toBe(200);
    expect(simulator.calls[0]?.path).toBe('/v2/api/contacts/search');
  });

  test('gets a response with another ret than 200 unchanged', async () => {
    const body = '{"ret": 500, "msg":"微信已离线","data":{"code":"-1", "msg":"微信已离线"}}';
    simulator.behave('*', { raw: { body } });

    for (const operation of ['search', 'addContacts', 'fetchContactsList']) {
      const answer = await call(gateway, operation, 'wx_offline');

      expect([operation, answer.status, answer.body.toString()]).toEqual([operation, 200, body]);
    }
  });

  test('gets a response without a content type as JSON', async () => {
    simulator.behave('*', { raw: { body: '{"ret":200}', contentType: '' } });

    const answer = await call(gateway, 'search', 'wx_1');

    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
  });

  test.each(['search', 'fetchContactsList'])(
    'to %s gets a response whose content type is not ASCII',
    async (operation) => {
      const upstream = await startRawUpstream();
      upstream.behave('wx_1', (socket) =>
        socket.end(wire('{"ret":200}').replace('application/json', '$&; x=名')),
      );
      const before = await startGateway({ env: { GEWE_BASE_URL: upstream.baseUrl } });

      const answer = await call(before, operation, 'wx_1');
      await before.stop();
      await upstream.stop();

      expect([answer.status, answer.body.toString()]).toEqual([200, '{"ret":200}']);
    },
  );

  test('gets its own response if there are 50 for the same account at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        httpCall(gateway.url, {
          path: '/contacts/search',
          headers: GOOD_HEADERS,
          body: JSON.stringify({ appId: 'wx_1', contactsInfo: `person ${index}` }),
        }),
      ),
    );

    expect(answers.map((one) => (one.json()['data'] as { nickName: string }).nickName)).toEqual(
      Array.from({ length: 50 }, (_, index) => `昵称 person ${index}`),
    );
  });

  test('gets its response even if it takes longer than the timeout of idle connections', async () => {
    simulator.behave('*', { delayMs: 4500 });

    const answer = await call(gateway, 'search', 'wx_slow');

    expect(answer.json()['ret']).toBe(200);
  });
});

describe('the headers that the upstream receives', () => {
  let gateway: TestGateway;
  let simulator: Simulator;
  beforeAll(async () => {
    gateway = await startGateway();
    ({ simulator } = gateway);
  });
  afterEach(() => simulator.reset());
  afterAll(() => gateway.stop());

  /** Names in lower case with their values, each as often as it was received. */
  const headersOf = ({ rawHeaders }: RecordedCall) =>
    rawHeaders
      .flatMap((name, index) =>
        index % 2 === 0 ? [`${name.toLowerCase()}: ${rawHeaders[index + 1]}`] : [],
      )
      .sort();

  const OF_THE_CALLER = [
    'Cookie: session=secret',
    `Authorization: Bearer ${KEY}`,
    'Authorization: Basic c2VjcmV0',
    `X-API-Key: ${KEY}`,
    'Proxy-Authorization: Basic c2VjcmV0',
    'X-Forwarded-For: 10.0.0.1',
    'X-Forwarded-Host: inside.example.com',
    'X-Forwarded-Proto: https',
    'Forwarded: for=10.0.0.1',
    'Via: 1.1 proxy',
    'X-Real-IP: 10.0.0.1',
    'X-Custom: secret',
    'Accept: text/html',
    'Accept-Encoding: gzip, br',
    'Accept-Language: zh',
    'User-Agent: caller/1',
    'Referer: https://inside.example.com/',
    'X-GEWE-TOKEN: of-the-caller',
    'x-gewe-token: again',
    'X-Gewe-Token: and-again',
    'X_GEWE_TOKEN: underlined',
    'TE: trailers',
    'Trailer: X-Late',
    'Upgrade: h2c',
    'Expect: 100-continue',
    'Idempotency-Key: secret',
    'Prefer: wait=9',
    'Cache-Control: no-cache',
    'tracestate: secret=1',
    'baggage: secret=1',
    'X-HTTP-Method-Override: DELETE',
  ];

  test.each(['search', 'addContacts', 'fetchContactsList'])(
    "for %s are exactly the documented ones, with none of the caller's others",
    async (operation) => {
      const body = '{"appId":"wx_1","option":4}';
      const request = rawPost(
        `/contacts/${operation}`,
        ['Content-Type: application/json', 'X-Request-Id: id-1', ...OF_THE_CALLER],
        body,
      );

      await rawRequest(gateway.url, request);

      const call = await simulator.waitForCall(() => true);
      expect(headersOf(call)).toEqual(
        [
          'accept: application/json',
          'accept-encoding: identity',
          'connection: keep-alive',
          `content-length: ${body.length}`,
          'content-type: application/json',
          `host: ${call.headers.host}`,
          `user-agent: gewe-gateway/${VERSION}`,
          `x-gewe-token: ${TOKEN}`,
          'x-request-id: id-1',
        ].sort(),
      );
      expect(call.headers.host).toMatch(/^127\.0\.0\.1:\d+$/);
    },
  );

  test.each(['A1', 'req_7:a.b/c+d=e@f-g', 'a'.repeat(128)])(
    'include a valid X-Request-Id %s, which is also returned to the caller',
    async (id) => {
      const answer = await gateway.post('search', { appId: 'wx_1' }, { 'X-Request-Id': id });

      expect(answer.headers['x-request-id']).toBe(id);
      expect(simulator.calls[0]?.headers['x-request-id']).toBe(id);
    },
  );

  test.each(['', 'has space', '{"a":1}', '<script>', '-', 'a'.repeat(129), 'a,b', 'ä'])(
    'include a new X-Request-Id instead of the invalid %j',
    async (id) => {
      const answer = await gateway.post('search', { appId: 'wx_1' }, { 'X-Request-Id': id });

      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(simulator.calls[0]?.headers['x-request-id']).toBe(answer.headers['x-request-id']);
    },
  );

  test('do not include an X-Request-Id that the caller sent twice', async () => {
    const request = rawPost(
      '/contacts/search',
      [
        'Content-Type: application/json',
        `X-API-Key: ${KEY}`,
        'X-Request-Id: one',
        'X-Request-Id: two',
      ],
      '{"appId":"wx_1"}',
    );

    const answer = await rawRequest(gateway.url, request);

    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

  test('include a valid traceparent unchanged', async () => {
    for (const operation of ['search', 'fetchContactsList']) {
      await gateway.post(operation, { appId: 'wx_1' }, { traceparent: TRACEPARENT });
    }

    expect(simulator.calls.map(({ headers }) => headers['traceparent'])).toEqual([
      TRACEPARENT,
      TRACEPARENT,
    ]);
  });

  test.each([
    TRACEPARENT.toUpperCase(),
    TRACEPARENT.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
    TRACEPARENT.replace('00f067aa0ba902b7', '0'.repeat(16)),
    `${TRACEPARENT}-extra`,
    TRACEPARENT.replace(/^00/, 'ff'),
    'x',
    '',
  ])('do not include the invalid traceparent %j', async (traceparent) => {
    await gateway.post('search', { appId: 'wx_1' }, { traceparent }).expect(200);

    expect(simulator.calls[0]?.headers).not.toHaveProperty('traceparent');
  });
});

describe('an upstream', () => {
  const LIMIT = 3000;
  let gateway: TestGateway;
  let simulator: Simulator;
  /** For a response that does not come in time. */
  let hasty: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway({ env: { ANSWER_LIMIT_BYTES: String(LIMIT) } });
    ({ simulator } = gateway);
    hasty = await startGateway({ env: { GEWE_TIMEOUT_MS: '600' } });
  });
  afterEach(() => {
    simulator.reset();
    hasty.simulator.reset();
  });
  afterAll(async () => {
    await gateway.stop();
    await hasty.stop();
  });

  const sized = (bytes: number) => `{"ret":200,"msg":"${'x'.repeat(bytes - 20)}"}`;
  // The faults of an upstream for any call are in upstream-faults.test.ts.
  const INVALID: readonly (readonly [string, Behaviour])[] = [
    ['gives JSON in UTF-16', { raw: { body: Buffer.from('\ufeff{"ret":200}', 'utf16le') } }],
    ['sends one byte more than the limit', { raw: { body: sized(LIMIT + 1) } }],
    [
      'gives gzip although identity was asked for',
      { raw: { body: gzipSync('{"ret":200}'), headers: { 'content-encoding': 'gzip' } } },
    ],
    [
      'calls plain JSON gzip',
      { raw: { body: '{"ret":200}', headers: { 'content-encoding': 'gzip' } } },
    ],
  ];

  test.each(INVALID)(
    'that %s is called once, and each caller gets 502',
    async (_what, behaviour) => {
      simulator.behave('*', behaviour);

      for (const operation of ['search', 'addContacts', 'fetchContactsListCache']) {
        const answer = await call(gateway, operation, 'wx_1');
        expect([operation, answer.status, answer.json()['code']]).toEqual([
          operation,
          502,
          'upstream-invalid',
        ]);
      }

      expect(simulator.calls).toHaveLength(3);
    },
  );

  test('that sends a response of exactly ANSWER_LIMIT_BYTES is accepted', async () => {
    simulator.behave('*', { raw: { body: sized(LIMIT) } });

    const answer = await call(gateway, 'search', 'wx_1');

    expect([answer.status, answer.body.length]).toEqual([200, LIMIT]);
  });

  test.each([{ hang: true }, { dripMs: 100 }])(
    'that misbehaves by %j is disconnected at the deadline',
    async (behaviour) => {
      hasty.simulator.behave('*', behaviour);
      await call(hasty, 'search', 'wx_1');

      const [upstreamCall] = hasty.simulator.calls;

      expect(await upstreamCall?.ended).toBe('aborted');
    },
  );

  test.each([301, 302, 303, 307, 308])(
    'that redirects with %d is not followed: no request goes elsewhere',
    async (status) => {
      const elsewhere = createSimulator({ token: TOKEN });
      const { baseUrl } = await elsewhere.start();
      simulator.behave('*', { redirectTo: `${baseUrl}/contacts/search`, status });

      for (const operation of ['search', 'addContacts', 'fetchContactsListCache']) {
        const answer = await call(gateway, operation, 'wx_1');
        expect([answer.status, answer.json()['code']]).toEqual([502, 'upstream-invalid']);
        expect(JSON.stringify(answer.headers)).not.toContain(baseUrl);
      }
      const list = await call(gateway, 'fetchContactsList', 'wx_1');
      expect(list.status).toBeGreaterThanOrEqual(500);

      expect(elsewhere.calls).toEqual([]);
      await elsewhere.stop();
    },
  );
});

describe('an upstream that breaks the connection', () => {
  test('in the middle of its response ends search and addContacts with 502', async () => {
    const upstream = await startRawUpstream();
    upstream.behave('wx_1', (socket) => {
      const answer = wire('{"ret":200}').slice(0, -1);
      socket.write(answer, () => socket.resetAndDestroy());
    });
    const gateway = await startGateway({ env: { GEWE_BASE_URL: upstream.baseUrl } });

    for (const operation of ['search', 'addContacts']) {
      const answer = await call(gateway, operation, 'wx_1');

      // A reset can overtake the bytes before it.
      expect(answer.status).toBe(502);
      expect(answer.json()['code']).toMatch(/^upstream-/);
    }
    await gateway.stop();
    await upstream.stop();
  });

  test('by refusing it is unreachable, and the refusal says that nothing was carried out', async () => {
    const gateway = await startGateway({ env: { GEWE_BASE_URL: DEAD_BASE_URL } });

    for (const operation of ['search', 'addContacts', 'fetchContactsListCache']) {
      const answer = await call(gateway, operation, 'wx_1');

      expect([answer.status, answer.json()['code']]).toEqual([502, 'upstream-unreachable']);
      expect(answer.json()['detail']).toMatch(/was not carried out/);
    }
    await gateway.stop();
  });
});

describe('a caller that disconnects', () => {
  let gateway: TestGateway;
  let simulator: Simulator;
  beforeAll(async () => {
    gateway = await startGateway();
    ({ simulator } = gateway);
  });
  afterEach(() => simulator.reset());
  afterAll(() => gateway.stop());

  /** Disconnects as soon as the upstream has the call. */
  async function leave(operation: string): Promise<RecordedCall> {
    const caller = callerWhoLeaves(gateway.url, {
      path: `/contacts/${operation}`,
      headers: GOOD_HEADERS,
      body: '{"appId":"wx_1","option":4}',
    });
    const received = await simulator.waitForCall(
      (one) => one.operation === `contacts/${operation}`,
    );
    await caller.leave();
    return received;
  }

  test.each(['search', 'fetchContactsListCache', 'whatGeweAddsTomorrow2'])(
    'aborts the upstream call of %s',
    async (operation) => {
      simulator.behave('*', { hang: true });

      const received = await leave(operation);

      expect(await received.ended).toBe('aborted');
    },
  );

  test('aborts an upstream call whose response has begun', async () => {
    simulator.behave('*', { dripMs: 50 });

    const received = await leave('search');

    expect(await received.ended).toBe('aborted');
  });

  test.each(['fetchContactsList', 'addContacts'])(
    'does not abort the upstream call of %s',
    async (operation) => {
      simulator.behave('*', { delayMs: 300 });

      const received = await leave(operation);

      expect(await received.ended).toBe('answered');
    },
  );
});
