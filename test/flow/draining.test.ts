/** A gateway that stops behind a TCP balancer: callers' connections stay open, and their requests must not fail. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { addBody, TRUSTING } from '../support/add-contacts.ts';
import { eventually } from '../support/eventually.ts';
import { heldUpstream, type HeldUpstream } from '../support/raw-upstream.ts';
import { httpCall, type HttpAnswer } from '../support/http-client.ts';
import { allRead, LIST, listBytes } from '../support/lists.ts';
import { openRaw, type RawAnswer, type RawCaller } from '../support/raw-client.ts';
import { KEY, startGateway, type TestGateway } from '../support/start-gateway.ts';

let upstream: HeldUpstream;
let gateway: TestGateway;
let stopped: Promise<void> | undefined;
beforeEach(async () => {
  // Answers at once for every account except those whose calls are held.
  upstream = await heldUpstream((appId) => (appId === HELD ? undefined : listBytes('ann')));
  stopped = undefined;
});
afterEach(async () => {
  await (stopped ?? gateway.stop());
  await upstream.stop();
});

const HELD = 'wx_held';

async function start(env: Record<string, string> = {}): Promise<void> {
  gateway = await startGateway({
    env: { GEWE_BASE_URL: upstream.baseUrl, SHUTDOWN_GRACE_MS: '60000', ...env },
    policy: TRUSTING,
  });
}

function stop(): Promise<void> {
  stopped = gateway.stop();
  return stopped;
}

function request(method: string, target: string, body = '', key = KEY): string {
  return [
    `${method} ${target} HTTP/1.1`,
    'Host: gateway.test',
    'Content-Type: application/json',
    `X-API-Key: ${key}`,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}
const post = (operation: string, body: object = { appId: 'wx_a' }) =>
  request('POST', `/contacts/${operation}`, JSON.stringify(body));
const held = (operation = 'search') => post(operation, { appId: HELD });
/** A request that needs no upstream. */
const SAVED = post('fetchContactsList').replace('Host', 'Cache-Control: only-if-cached\r\nHost');
const HEALTH = request('GET', '/healthz');

/** A caller on a connection that has been used and is kept. */
async function keptCaller(): Promise<RawCaller> {
  const caller = openRaw(gateway.url);
  caller.socket.write(HEALTH);
  const [answer] = await caller.answered(1);
  expect(answer?.headers.get('connection')).toBe('keep-alive');
  return caller;
}

async function next(caller: RawCaller, bytes: string): Promise<RawAnswer | undefined> {
  const before = caller.answers().length;
  caller.socket.write(bytes);
  return (await caller.answered(before + 1)).at(-1);
}

/** A request whose response waits for the test. */
async function callUnderWay(): Promise<RawCaller> {
  const caller = openRaw(gateway.url);
  caller.socket.write(held());
  return caller;
}

/** The upstream holds requests back until then. */
async function portClosed(): Promise<void> {
  const isRefused = async () => (await outcome(get('/healthz'))) === 'ECONNREFUSED';
  expect(await eventually(isRefused)).toBe(true);
}

/** A call on a connection of its own. */
function get(path: string): Promise<HttpAnswer> {
  return httpCall(gateway.url, { method: 'GET', path });
}

/** The status of a response, or why there is none. */
async function outcome(call: Promise<HttpAnswer>): Promise<unknown> {
  try {
    return (await call).status;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

describe('on a connection opened before the stop', () => {
  test.each([
    ['a call', 200, post('search')],
    ['a list', 200, post('fetchContactsList')],
    ['an addContacts', 200, post('addContacts', addBody('wx_a'))],
    ['a refusal without a key', 401, request('POST', '/contacts/search', '{}', 'wrong')],
    ['a refusal of the body', 400, request('POST', '/contacts/search', '{}')],
    ['a list that is not saved', 504, SAVED],
    ['no such path', 404, request('GET', '/nowhere')],
    ['a preflight', 204, request('OPTIONS', '/contacts/search')],
    ['liveness', 200, HEALTH],
    ['readiness', 503, request('GET', '/readyz')],
  ])('%s is answered as usual, with %i and Connection: close', async (_what, status, bytes) => {
    await start();
    const caller = await keptCaller();
    void stop();

    const answer = await next(caller, bytes);

    expect(answer?.status).toBe(status);
    expect(answer?.headers.get('connection')).toBe('close');
    expect(answer?.body.toString()).not.toContain('shutting-down');
    await caller.closed();
    await stopped;
  });

  test('the first request is answered, too', async () => {
    await start();
    const caller = openRaw(gateway.url);
    await allRead(gateway);
    void stop();

    expect((await next(caller, post('search')))?.status).toBe(200);
    await caller.closed();
  });

  test('a response that was pending at the stop has Connection: close', async () => {
    await start();
    const caller = await callUnderWay();
    const call = await upstream.next('contacts/search');
    void stop();
    call.answer('{"ret":200}');

    const [answer] = await caller.answered(1);
    expect(answer?.headers.get('connection')).toBe('close');
    await stopped;
  });

  test('pipelined requests are all answered, and only the last response has Connection: close', async () => {
    await start();
    const caller = await callUnderWay();
    const call = await upstream.next('contacts/search');
    void stop();
    caller.socket.write(post('search') + post('search'));
    await portClosed();
    await allRead(gateway);
    call.answer('{"ret":200}');

    const answers = await caller.answered(3);
    await caller.closed();
    const told = answers.map(({ status, headers }) => [status, headers.get('connection')]);
    expect(told).toEqual([
      [200, 'keep-alive'],
      [200, 'keep-alive'],
      [200, 'close'],
    ]);
  });

  test('a request after the last response is not carried out', async () => {
    await start();
    const caller = await keptCaller();
    void stop();
    await portClosed();
    caller.socket.write(HEALTH + post('addContacts', addBody('wx_a')));

    await caller.closed();
    expect(caller.answers()).toHaveLength(2);
    await stopped;
    expect(upstream.count('contacts/addContacts', 'wx_a')).toBe(0);
  });
});

test('connections that the system accepted before the stop are served, and later ones are not', async () => {
  await start();
  const callers = Array.from({ length: 100 }, () => openRaw(gateway.url));
  for (const { socket } of callers) socket.write(post('search'));
  // The connections are being made: the gateway and its callers share a thread, so it has seen none of them.
  await Promise.resolve();
  void stop();

  const answers = await Promise.all(callers.map((caller) => caller.answered(1)));
  expect(new Set(answers.map(([answer]) => answer?.status))).toEqual(new Set([200]));
  await stopped;
  const late = openRaw(gateway.url);
  await late.closed();
  expect(late.answers()).toEqual([]);
});

test('callers that keep opening connections are served until the port is closed', async () => {
  await start();
  const outcomes: unknown[] = [];
  async function comeAnew(): Promise<void> {
    let last: unknown;
    do outcomes.push((last = await outcome(get('/healthz'))));
    while (last === 200);
  }
  const callers = Promise.all(Array.from({ length: 30 }, comeAnew));
  expect(await eventually(() => outcomes.length >= 100)).toBe(true);
  void stop();

  await callers;

  const failed = outcomes.filter((one) => one !== 200);
  expect(failed).toEqual(Array.from({ length: 30 }, () => 'ECONNREFUSED'));
});

describe('an idle connection', () => {
  test.each([
    ['after an answer', keptCaller],
    [
      'that never had a request',
      async () => {
        const caller = openRaw(gateway.url);
        await allRead(gateway);
        return caller;
      },
    ],
  ])('%s stays open for a fifth of the grace period, and is then closed', async (_what, open) => {
    await start({ SHUTDOWN_GRACE_MS: '5000' });
    const idle = await open();
    const busy = await callUnderWay();
    const call = await upstream.next('contacts/search');
    const startedAt = performance.now();
    void stop();

    await idle.closed();

    expect(performance.now() - startedAt).toBeGreaterThan(990);
    // The grace period continues.
    call.answer('{"ret":200}');
    expect((await busy.answered(1))[0]?.status).toBe(200);
  });

  test('does not include one whose response is still being sent to a slow reader', async () => {
    await start({ SHUTDOWN_GRACE_MS: '5000' });
    // More than the buffers of both sockets hold.
    const large = `{"ret":200,"pad":"${'x'.repeat(16_000_000)}"}`;
    const caller = await callUnderWay();
    const call = await upstream.next('contacts/search');
    caller.socket.pause();
    const idle = await keptCaller();
    void stop();
    call.answer(large);
    await idle.closed();
    caller.socket.resume();
    await caller.closed();

    expect(caller.answers()[0]?.body.length).toBe(large.length);
  });
});

describe('after the grace period', () => {
  test('a request is refused with shutting-down and Connection: close', async () => {
    await start({ SHUTDOWN_GRACE_MS: '100' });
    const busy = await callUnderWay();
    await upstream.next('contacts/search');
    // Neither idle nor a complete request.
    const slow = await keptCaller();
    slow.socket.write(SAVED.slice(0, 20));
    await allRead(gateway);
    void stop();
    await busy.answered(1);

    const answer = await next(slow, SAVED.slice(20));

    expect(JSON.parse(String(answer?.body))).toMatchObject({ code: 'shutting-down', status: 503 });
    expect(answer?.headers.get('connection')).toBe('close');
    await stopped;
  });

  test.each([
    ['search', { appId: HELD }],
    ['fetchContactsList', { appId: HELD }],
    ['addContacts', addBody(HELD)],
  ])('a call of %s that started during it is ended', async (operation, body) => {
    await start({ SHUTDOWN_GRACE_MS: '2000' });
    const caller = await keptCaller();
    void stop();
    caller.socket.write(post(operation, body));
    await upstream.next(`contacts/${operation}`);

    await stopped;

    const [, answer] = caller.answers();
    expect([503, 504]).toContain(answer?.status);
    expect(answer?.headers.get('connection')).toBe('close');
  });
});

test('a refresh that starts during the stop is waited for, although its caller has a response', async () => {
  await start({ LIST_DEADLINE_MS: '50', LIST_CACHE_DEADLINE_MS: '50' });
  const caller = await keptCaller();
  const stopping = stop();
  caller.socket.write(held('fetchContactsList'));
  const call = await upstream.next(LIST);
  await caller.closed();

  let isOver = false;
  void stopping.then(() => (isOver = true));
  await allRead(gateway);
  expect(isOver).toBe(false);
  call.answer(listBytes('late'));
  await stopping;
});
