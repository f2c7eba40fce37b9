/**
 * An upstream that drops, stalls or answers before it has read the request: the caller gets a clear refusal, and an
 * attempt that it may have read stays charged.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { addBody } from '../support/add-contacts.ts';
import { askList } from '../support/lists.ts';
import { GOOD_LIST, startRawUpstream, wire, type RawUpstream } from '../support/raw-upstream.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const POLICY = `
breaker: { failures: 1000000 }
addContacts: { accountAge: { unknown: trust } }
`;

const resetAtOnce = (socket: Socket) => socket.resetAndDestroy();

/** What an upstream does to a connection before it has read a request, and the resulting refusal. */
const MANNERS: readonly (readonly [string, (socket: Socket) => void, string])[] = [
  ['resets a connection that it has just accepted', resetAtOnce, 'upstream-unreachable'],
  [
    'closes a connection that it has just accepted',
    (socket) => socket.end(),
    'upstream-unreachable',
  ],
  [
    'resets after the first bytes of the request',
    (socket) => socket.once('data', () => socket.resetAndDestroy()),
    'upstream-unreachable',
  ],
  [
    'closes after the first bytes of the request',
    (socket) => socket.once('data', () => socket.end()),
    'upstream-unreachable',
  ],
  ['accepts connections and reads nothing', (socket) => socket.pause(), 'upstream-timeout'],
  ['accepts connections, reads and sends nothing', (socket) => socket.resume(), 'upstream-timeout'],
  ['greets with something else than HTTP', (socket) => socket.write('+OK\r\n'), 'upstream-invalid'],
];

let upstream: RawUpstream;
let patient: TestGateway;
/** For upstreams that send nothing. No test needs another response within its deadlines. */
let hasty: TestGateway;
let accounts = 0;

beforeAll(async () => {
  upstream = await startRawUpstream();
  const env = { GEWE_BASE_URL: upstream.baseUrl, BODY_LIMIT_BYTES: '20000000' };
  patient = await startGateway({ policy: POLICY, env });
  hasty = await startGateway({
    policy: POLICY,
    env: { ...env, GEWE_TIMEOUT_MS: '700', LIST_DEADLINE_MS: '200', LIST_CACHE_DEADLINE_MS: '200' },
  });
});
afterEach(() => upstream.greet(undefined));
afterAll(async () => {
  await Promise.all([patient.stop(), hasty.stop()]);
  await upstream.stop();
});

describe.each(MANNERS)('an upstream that %s', (_what, manner, code) => {
  const mayComeTooEarly = manner === resetAtOnce;
  const gateway = () => (code === 'upstream-timeout' ? hasty : patient);
  const refused = [code === 'upstream-timeout' ? 504 : 502, code];

  test(`makes forwarded calls fail with ${code}, and an addContacts that it may have read stays charged`, async () => {
    upstream.greet(manner);
    const ask = (operation: string) => gateway().post(operation, addBody(`wx_${++accounts}`));

    const [search, cache, add] = await Promise.all([
      ask('search'),
      ask('fetchContactsListCache'),
      ask('addContacts'),
    ]);

    for (const { status, body } of [search, cache, add]) {
      expect([status, body.code]).toEqual(refused);
    }
    // A reset can come before the connection is established: then nothing was sent, the refusal says so, and nothing is
    // charged.
    const isProven = String(add.body.detail).includes('was not carried out');
    expect(isProven && !mayComeTooEarly).toBe(false);
    expect(add.headers['ratelimit']).toContain(`"add-per-day";r=${isProven ? 15 : 14};`);
  });

  test('gives callers of fetchContactsList the saved list, or a refusal with Retry-After', async () => {
    const appId = `wx_${++accounts}`;
    await askList(gateway(), appId, { Prefer: 'wait=60' });
    upstream.greet(manner);

    const [saved, none] = await Promise.all([
      askList(gateway(), appId),
      askList(gateway(), `${appId}_none`),
    ]);

    expect(saved.headers['x-gateway-source']).toBe('saved');
    expect(saved.body.toString()).toBe(GOOD_LIST);
    expect(none.status).toBe(code === 'upstream-timeout' ? 504 : 502);
    expect(Number(none.headers['retry-after'])).toBeGreaterThan(0);
  });
});

describe('a response sent before the request was read', () => {
  const EARLY = ' {"ret":200, "msg":"early"}';

  test('is passed on', async () => {
    upstream.greet((socket) => socket.write(wire(EARLY)));

    const answer = await patient.post('search', addBody('wx_early'));

    expect([answer.status, answer.text]).toEqual([200, EARLY]);
  });

  // With half of a request on it, a kept connection would put every later answer on it out of step. The library sees to
  // that: https://github.com/unjs/httpxy/pull/170.
  test('closes the connection if the request is not sent completely', async () => {
    const { promise: taken, resolve } = Promise.withResolvers<Socket>();
    upstream.greet((socket) => {
      socket.pause().write(wire(EARLY, '200 OK', ['Connection: keep-alive']));
      resolve(socket);
    });
    const long = { ...addBody('wx_early'), content: 'x'.repeat(16_000_000) };

    const answer = await patient.post('search', long);
    const socket = await taken;

    expect([answer.status, answer.text]).toEqual([200, EARLY]);
    const closed = once(socket, 'close');
    socket.resume();
    await closed;
  });
});
