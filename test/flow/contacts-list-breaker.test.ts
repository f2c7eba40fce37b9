import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { httpGet } from '../support/http-client.ts';
import {
  askList,
  LIST,
  listBytes,
  listCalls,
  NO_FALLBACK,
  saveList,
  type Reply,
} from '../support/lists.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const SLOW = { operations: ['fetchContactsList'] };

let clock: MovableClock;
let gateway: TestGateway;
beforeEach(() => start());
afterEach(() => gateway.stop());

/** For an upstream that hangs from the beginning. No test needs another response within these deadlines. */
const HASTY = { LIST_DEADLINE_MS: '200', LIST_CACHE_DEADLINE_MS: '200' };

async function start(env: Record<string, string> = {}): Promise<void> {
  clock = movableClock();
  gateway = await startGateway({
    keepsConnections: false,
    env: { SHUTDOWN_GRACE_MS: '0', ...env },
    policy: 'breaker: { failures: 3, windowSeconds: 10, probeEverySeconds: 5 }',
    overrides: { clock },
  });
  for (const appId of ['wx_a', 'wx_b', 'wx_c', 'wx_d']) {
    await saveList(gateway, appId, listBytes(appId));
    gateway.simulator.behave(appId, []);
  }
}

async function restart(env: Record<string, string>): Promise<void> {
  await gateway.stop();
  await start(env);
}

async function askEach(...appIds: string[]): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (const appId of appIds) replies.push(await askList(gateway, appId));
  return replies;
}

/** On Redis, the breaker opens a moment after the response to the last failure. */
async function untilOpen(): Promise<void> {
  const isOpen = async () =>
    /^gewe_gateway_breaker_open 1$/m.test(await gateway.gateway.metrics.text());
  expect(await eventually(isOpen)).toBe(true);
}

/** The number of upstream calls for each account since its list was saved. */
function askedSince(...appIds: string[]): number[] {
  return appIds.map((appId) => listCalls(gateway, appId) - 1);
}

test('resets of two accounts open the breaker: saved lists are returned at once, without a call', async () => {
  gateway.simulator.behave('*', { reset: true });
  await askEach('wx_a', 'wx_b', 'wx_a');
  // A call to the upstream would now hang.
  gateway.simulator.behave('*', { hang: true });

  const replies = await askEach('wx_a', 'wx_b', 'wx_c', 'wx_c');

  expect(replies.map(({ body }) => body.toString())).toEqual(
    ['wx_a', 'wx_b', 'wx_c', 'wx_c'].map((appId) => listBytes(appId)),
  );
  for (const { headers } of replies) expect(headers['cache-status']).toBe('gewe-gateway; hit');
  expect(askedSince('wx_a', 'wx_b', 'wx_c')).toEqual([2, 1, 0]);
  const ready = await httpGet(gateway.url, '/readyz');
  expect([ready.status, ready.json()]).toMatchObject([200, { status: 'ready', breaker: 'open' }]);
});

test('timeouts of several accounts open the breaker: a caller without a saved list gets 504 at once, with Retry-After', async () => {
  await restart(HASTY);
  gateway.simulator.behave('*', { hang: true });
  await askEach('wx_a', 'wx_b', 'wx_c');
  await untilOpen();
  clock.advance(2000);

  const [reply] = await askEach('wx_new');

  expect(reply?.status).toBe(504);
  expect(JSON.parse(reply?.body.toString() ?? '')).toMatchObject({ code: 'upstream-timeout' });
  expect(reply?.headers['retry-after']).toBe('3');
  expect(gateway.simulator.calls.filter(({ appId }) => appId === 'wx_new')).toEqual([]);
});

test('many callers of one failing call count as one failure', async () => {
  await gateway.stop();
  gateway = await startGateway({
    keepsConnections: false,
    // A reset and a live list must come within the first deadline.
    env: { SHUTDOWN_GRACE_MS: '0', LIST_DEADLINE_MS: '3000', LIST_CACHE_DEADLINE_MS: '200' },
    policy: 'breaker: { failures: 3 }',
    overrides: { clock },
  });
  await saveList(gateway, 'wx_a', listBytes('wx_a'));
  gateway.simulator.behave('wx_new', { hang: true });
  gateway.simulator.behave('wx_a', { ...SLOW, reset: true });

  // One failure of one account, however many callers wait, and one of another.
  const replies = await Promise.all(Array.from({ length: 20 }, () => askList(gateway, 'wx_new')));
  await askList(gateway, 'wx_a');

  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([504]));
  expect((await askList(gateway, 'wx_b')).headers['cache-status']).toContain('fwd=miss');
});

test('a hanging call counts as one failure, not again at the hard limit or for the cache endpoint that hangs too', async () => {
  await gateway.stop();
  gateway = await startGateway({
    keepsConnections: false,
    env: {
      SHUTDOWN_GRACE_MS: '0',
      LIST_DEADLINE_MS: '100',
      LIST_CACHE_DEADLINE_MS: '100',
      LIST_HARD_LIMIT_MS: '300',
      LIST_POLL_MS: '50',
    },
    policy: 'breaker: { failures: 3, windowSeconds: 3600 }',
    overrides: { clock },
  });
  const { simulator } = gateway;
  simulator.behave('*', { hang: true });
  await askEach('wx_a', 'wx_b');
  const calls = ['wx_a', 'wx_b'].map((appId) =>
    simulator.waitForCall((call) => call.appId === appId && call.operation === LIST),
  );
  const ends = await Promise.all((await Promise.all(calls)).map(({ ended }) => ended));
  expect(ends).toEqual(['aborted', 'aborted']);

  // The third failure, of the third call, opens the breaker.
  expect((await askEach('wx_c'))[0]?.status).toBe(504);
  expect(listCalls(gateway, 'wx_c')).toBe(1);
  await untilOpen();
  await askEach('wx_d');
  expect(listCalls(gateway, 'wx_d')).toBe(0);
});

test('refused connections open the breaker, and callers without a saved list get 502', async () => {
  await gateway.simulator.stop();
  await askEach('wx_a', 'wx_b', 'wx_c');

  const [reply, strict] = [
    await askList(gateway, 'wx_new'),
    await askList(gateway, 'wx_a', NO_FALLBACK),
  ];
  expect([reply.status, strict.status]).toEqual([502, 502]);
  expect([reply.headers['retry-after'], strict.headers['retry-after']]).toEqual(['5', '5']);
});

test('while the breaker is open, one probe per window is sent to the upstream', async () => {
  await restart(HASTY);
  gateway.simulator.behave('*', { hang: true });
  await askEach('wx_a', 'wx_b', 'wx_c');
  await untilOpen();

  for (const appId of ['wx_d', 'wx_e', 'wx_f']) {
    clock.advance(5000);
    await askEach(appId, 'wx_a', 'wx_g', appId);
    expect(listCalls(gateway, appId)).toBe(appId === 'wx_d' ? 2 : 1);
  }
  expect(listCalls(gateway, 'wx_g')).toBe(0);
  expect(askedSince('wx_a', 'wx_b', 'wx_c')).toEqual([1, 1, 1]);
});

test('a caller that joins a probe does not wait for it', async () => {
  gateway.simulator.behave('*', { reset: true });
  await askEach('wx_a', 'wx_b', 'wx_c');
  await untilOpen();
  gateway.simulator.behave('*', { hang: true });
  clock.advance(5000);
  const probe = askList(gateway, 'wx_d', { Prefer: 'wait=1' });
  await gateway.simulator.waitForCall(({ appId }) => appId === 'wx_d', 2);

  const reply = await askList(gateway, 'wx_d', { Prefer: 'wait=60' });

  expect(reply.headers['cache-status']).toBe('gewe-gateway; hit');
  expect((await probe).headers['cache-status']).toContain('detail=upstream-timeout');
});

test('a successful probe closes the breaker for all accounts', async () => {
  gateway.simulator.behave('*', { reset: true });
  await askEach('wx_a', 'wx_b', 'wx_c');
  await untilOpen();
  gateway.simulator.behave('*', []);
  clock.advance(5000);

  const replies = await askEach('wx_d', 'wx_a', 'wx_b', 'wx_new');

  expect(replies.map(({ headers }) => headers['x-gateway-source'])).toEqual(Array(4).fill('live'));
});

test('an error of the account is a response: it closes the breaker', async () => {
  gateway.simulator.behave('*', { reset: true });
  await askEach('wx_a', 'wx_b', 'wx_c');
  await untilOpen();
  gateway.simulator.behave('*', { accountOffline: true });
  clock.advance(5000);

  await askEach('wx_d', 'wx_a');
  expect(askedSince('wx_a')).toEqual([2]);
});

test('failures of a single account never open the breaker', async () => {
  gateway.simulator.behave('wx_a', { reset: true });
  await askEach(...Array<string>(20).fill('wx_a'));

  const [other, same] = await askEach('wx_b', 'wx_a');
  expect(other?.headers['x-gateway-source']).toBe('live');
  expect(same?.headers['cache-status']).toContain('fwd=stale');
  expect(askedSince('wx_a')).toEqual([21]);
});

test('errors of many accounts, and error pages, never open the breaker', async () => {
  gateway.simulator.behave('*', { ...SLOW, accountOffline: true });
  await askEach('wx_a', 'wx_b', 'wx_c', 'wx_d');
  gateway.simulator.behave('*', { ...SLOW, status: 503 });
  await askEach('wx_a', 'wx_b', 'wx_c', 'wx_d');

  await askEach('wx_a');
  expect(askedSince('wx_a')).toEqual([3]);
});

test('the breaker counts consecutive failures: a success resets the count', async () => {
  gateway.simulator.behave('*', [{ times: 2, reset: true }, { times: 1 }, { reset: true }]);
  await askEach('wx_a', 'wx_b', 'wx_c', 'wx_a', 'wx_b');

  await askEach('wx_d');
  expect(askedSince('wx_d')).toEqual([1]);
});

test('the breaker counts failures within its window: older ones do not open it', async () => {
  gateway.simulator.behave('*', { reset: true });
  await askEach('wx_a', 'wx_b');
  clock.advance(10_000);
  await askEach('wx_c', 'wx_a');

  await askEach('wx_d');
  expect(askedSince('wx_d')).toEqual([1]);
});
