import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../src/time.ts';
import { REFUSALS, type RefusalCode } from '../../src/errors.ts';
import { hashKey } from '../../src/settings/clients.ts';
import { openMemoryStores } from '../../src/stores/memory.ts';
import { type RawAnswer, rawPost, rawRequest } from '../support/raw-client.ts';
import {
  DEAD_BASE_URL,
  KEY,
  startGateway,
  TOKEN,
  type TestGateway,
} from '../support/start-gateway.ts';
import { forgeToken } from '../support/identity-provider.ts';

const OLD = '{ onlineSince: "2020-01-01T00:00:00Z" }';
const POLICY = `
addContacts:
  add:
    perDay: [{ fromDay: 0, limit: 2 }]
    minimumGapSeconds: 0
  accept: { perDay: 1 }
accounts: { wx_day: ${OLD}, wx_target: ${OLD}, wx_accept: ${OLD}, wx_key: ${OLD} }
`;
const CLIENTS = `
clients:
  reader: { keys: ["sha256:${hashKey('reader')}"], appIds: ["wx_mine"] }
  slow: { keys: ["sha256:${hashKey('slow')}"], requestsPerMinute: 1 }
  web: {}
issuers:
  staff: { issuer: "http://127.0.0.1:1", audience: gewe, client: web }
`;
/** Of an issuer that cannot be reached. The signature is never looked at. */
const STAFF_TOKEN = forgeToken(
  { iss: 'http://127.0.0.1:1', aud: 'gewe', sub: 'alice', exp: 4_000_000_000 },
  { alg: 'ES256', kid: 'k' },
  'x',
);

const INSIDE = 'a secret of the inside at /srv/gateway/src/inside.ts';
let faultAfter = -1;
/** An internal error on demand: the clock fails at a later call. */
const faultyClock = {
  ...systemClock,
  now() {
    if (faultAfter >= 0 && faultAfter-- === 0) throw new Error(`${INSIDE} ${TOKEN}`);
    return systemClock.now();
  },
};

let main: TestGateway;
let storeless: TestGateway;
let lonely: TestGateway;
let young: TestGateway;
/** For an upstream that does not answer. */
let hasty: TestGateway;
beforeAll(async () => {
  const stores = openMemoryStores(systemClock, 1_000_000);
  const fail = () => Promise.reject(new Error(`${INSIDE} ${TOKEN}`));
  [main, storeless, lonely, young, hasty] = await Promise.all([
    startGateway({
      env: { BODY_LIMIT_BYTES: '2000' },
      policy: POLICY,
      clients: CLIENTS,
      overrides: { clock: faultyClock },
    }),
    startGateway({
      overrides: { stores: { ...stores, ledger: { charge: fail, refund: fail, usage: fail } } },
    }),
    startGateway({ env: { GEWE_BASE_URL: DEAD_BASE_URL } }),
    startGateway({ policy: `accounts: { wx_gap: ${OLD} }` }),
    startGateway({ env: { GEWE_TIMEOUT_MS: '300' } }),
  ]);
});
afterAll(() => Promise.all([main, storeless, lonely, young, hasty].map((one) => one.stop())));

interface Ask {
  readonly gateway?: TestGateway;
  readonly target?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly key?: string;
}

function ask(id: string, options: Ask = {}): Promise<RawAnswer> {
  const { gateway = main, target = '/contacts/search', headers = [], body } = options;
  const request = rawPost(
    target,
    [
      ...(headers.some((one) => one.startsWith('Content-Type'))
        ? []
        : ['Content-Type: application/json']),
      `X-API-Key: ${options.key ?? KEY}`,
      `X-Request-Id: ${id}`,
      ...headers,
    ],
    body ?? '{"appId":"wx_1"}',
  );
  return rawRequest(gateway.url, request);
}

const add = (id: string, appId: string, v3: string, options: Ask = {}, option = 2) =>
  ask(id, {
    ...options,
    target: '/contacts/addContacts',
    body: JSON.stringify({ appId, option, v3 }),
  });

/** Sends a request that the upstream answers badly. */
async function after(
  behaviour: Parameters<TestGateway['simulator']['behave']>[1],
  asking: () => Promise<RawAnswer>,
): Promise<RawAnswer> {
  main.simulator.behave('*', behaviour);
  try {
    return await asking();
  } finally {
    main.simulator.reset();
  }
}

/** A call longer than the grace period. */
async function whileStopping(id: string): Promise<RawAnswer> {
  const gateway = await startGateway({ env: { SHUTDOWN_GRACE_MS: '0' } });
  gateway.simulator.behave('*', { hang: true });
  const asking = ask(id, { gateway });
  await gateway.simulator.waitForCall(() => true);
  await gateway.stop();
  return asking;
}

/** How to provoke each code. The type makes the table complete. */
const WAYS: Record<RefusalCode, (id: string) => Promise<RawAnswer>> = {
  'invalid-json': (id) => ask(id, { body: '{' }),
  'duplicate-key': (id) => ask(id, { body: '{"appId":"wx_1","app\\u0049d":"wx_2"}' }),
  'invalid-body': (id) => ask(id, { body: '[]' }),
  'invalid-app-id': (id) => ask(id, { body: '{}' }),
  'invalid-option': (id) => add(id, 'wx_1', 'v3_a', {}, 7),
  'invalid-target': (id) => add(id, 'wx_1', ''),
  unauthenticated: (id) => ask(id, { key: 'wrong' }),
  'app-not-allowed': (id) => ask(id, { key: 'reader' }),
  'operation-not-allowed': (id) => add(id, 'wx_mine', 'v3_a', { key: 'reader' }),
  'origin-not-allowed': (id) => ask(id, { headers: ['Origin: https://evil.example'] }),
  'not-found': (id) => ask(id, { target: '/login/checkOnline' }),
  'method-not-allowed': (id) =>
    rawRequest(
      main.url,
      `GET /contacts/search HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\nConnection: close\r\n\r\n`,
    ),
  'idempotency-in-progress': async (id) => {
    const options = { headers: [`Idempotency-Key: ${id}`] };
    let first: Promise<RawAnswer> | undefined;
    const answer = await after({ hang: true, operations: ['addContacts'] }, async () => {
      first = add('first', 'wx_key', 'v3_a', options, 4);
      await main.simulator.waitForCall(({ appId }) => appId === 'wx_key');
      return add(id, 'wx_key', 'v3_a', options, 4);
    });
    // The simulator has cut it off by then.
    await first;
    return answer;
  },
  'misdirected-request': (id) =>
    rawRequest(
      main.opsUrl,
      `GET / HTTP/1.1\r\nHost: evil.example\r\nX-Request-Id: ${id}\r\nConnection: close\r\n\r\n`,
    ),
  'idempotency-mismatch': async (id) => {
    const options = { headers: [`Idempotency-Key: ${id}`] };
    await add('first', 'wx_key', 'v3_a', options, 4);
    return add(id, 'wx_key', 'v3_b', options, 4);
  },
  'body-too-large': (id) => ask(id, { body: `{"appId":"wx_1","x":"${'x'.repeat(2000)}"}` }),
  'unsupported-media-type': (id) => ask(id, { headers: ['Content-Type: text/plain'] }),
  'account-too-young': (id) => add(id, 'wx_new', 'v3_a'),
  'add-quota-exhausted': async (id) => {
    await add('first', 'wx_day', 'v3_a');
    await add('second', 'wx_day', 'v3_b');
    return add(id, 'wx_day', 'v3_c');
  },
  'add-too-soon': async (id) => {
    await add('first', 'wx_gap', 'v3_a', { gateway: young });
    return add(id, 'wx_gap', 'v3_b', { gateway: young });
  },
  'target-quota-exhausted': async (id) => {
    await add('first', 'wx_target', 'v3_a');
    return add(id, 'wx_target', 'v3_a');
  },
  'accept-quota-exhausted': async (id) => {
    await add('first', 'wx_accept', 'v3_a', {}, 3);
    return add(id, 'wx_accept', 'v3_b', {}, 3);
  },
  'client-rate-limited': async (id) => {
    await ask('first', { key: 'slow' });
    return ask(id, { key: 'slow' });
  },
  internal: (id) => {
    // The first call is for the start of the request.
    faultAfter = 0;
    return ask(id);
  },
  'upstream-unreachable': (id) => ask(id, { gateway: lonely }),
  'upstream-invalid': (id) => after({ html: true }, () => ask(id)),
  'upstream-token-rejected': async (id) => {
    main.simulator.setToken('another');
    return after([], () => ask(id));
  },
  'store-unavailable': (id) => add(id, 'wx_1', 'v3_a', { gateway: storeless }, 3),
  'issuer-unavailable': (id) => ask(id, { key: STAFF_TOKEN }),
  'shutting-down': whileStopping,
  'upstream-timeout': (id) => {
    hasty.simulator.behave('*', { hang: true });
    return ask(id, { gateway: hasty });
  },
  'list-not-saved': (id) =>
    ask(id, {
      target: '/contacts/fetchContactsList',
      headers: ['Cache-Control: only-if-cached'],
    }),
};

test.each(Object.keys(REFUSALS) as RefusalCode[])(
  'the refusal %s has its status and all members, and reveals nothing internal',
  async (code) => {
    const id = `id-of-${code}`;

    const answer = await WAYS[code](id);

    const { status, title, msg } = REFUSALS[code];
    const body = JSON.parse(answer.body.toString()) as Record<string, unknown>;
    expect(body).toMatchObject({ ret: status, code, title, status, requestId: id });
    // One that opens says when.
    expect(body['msg']).toEqual(status === 429 ? expect.stringMatching(/\d\d:\d\d.*后可/) : msg);
    expect(answer.status).toBe(status);
    expect(body['type']).toMatch(new RegExp(`${code}$`));
    expect(body['detail']).toMatch(/^\w[\x20-\x7e]{15,}\.$/);
    expect(msg).toMatch(/\p{Script=Han}/u);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-request-id')).toBe(id);
    if (status === 429) {
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(Date.parse(String(body['retryAt']))).not.toBeNaN();
    }

    const told = answer.body.toString() + JSON.stringify([...answer.headers]);
    for (const inside of [TOKEN, INSIDE, main.folder, process.cwd(), '127.0.0.1', 'localhost']) {
      expect(told).not.toContain(inside);
    }
    expect(told).not.toMatch(/\bat [^"]+:\d+:\d+|\.[jt]s\b|node_modules|ECONN|ENOENT|UND_ERR|HPE_/);
  },
);

test('an internal error is logged with its cause and the request id that the caller got', async () => {
  faultAfter = 0;
  await ask('id-of-a-fault');

  const line = main.log.find(({ requestId }) => requestId === 'id-of-a-fault');
  expect(line).toMatchObject({ level: 'error', code: 'internal', status: 500 });
  expect(JSON.stringify(line)).toContain(INSIDE);
  expect(JSON.stringify(line)).not.toContain(TOKEN);
});
