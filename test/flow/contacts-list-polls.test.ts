/** GEWE's cache endpoint is polled during a refresh, and after one that has failed. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { httpGet } from '../support/http-client.ts';
import {
  allRead,
  askList,
  askTogether,
  CACHE,
  LIST,
  listBytes,
  NO_FALLBACK,
  ONLY_IF_CACHED,
  untilSaved,
} from '../support/lists.ts';
import { heldUpstream, type HeldCall, type HeldUpstream } from '../support/raw-upstream.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const NOTHING_KEPT = '{"ret":200,"msg":"操作成功"}';
const TIMED_OUT = '{"ret":500,"msg":"获取通讯录列表超时"}';
/** A caller that waits for the refresh, however long the default deadline is. */
const PATIENT = { Prefer: 'wait=60' };

let upstream: HeldUpstream;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

describe('during a refresh', () => {
  beforeEach(async () => {
    upstream = await heldUpstream();
    gateway = await startGateway({
      env: {
        GEWE_BASE_URL: upstream.baseUrl,
        // PATIENT callers wait longer.
        LIST_DEADLINE_MS: '20',
        LIST_POLL_MS: '20',
        SHUTDOWN_GRACE_MS: '0',
      },
    });
  });

  test('the cache endpoint is polled until it has a good list, which is saved', async () => {
    const asked = askList(gateway, 'wx_1', PATIENT);
    await upstream.next(LIST);
    (await upstream.next(CACHE)).answer(NOTHING_KEPT);
    (await upstream.next(CACHE)).answer('<html>');
    (await upstream.next(CACHE)).answer(listBytes('polled'));

    const reply = await asked;
    expect(reply.body.toString()).toBe(listBytes('polled'));
    expect(reply.headers).toMatchObject({
      'cache-status': 'gewe-gateway; fwd=miss; stored; detail=gewe-cache',
      'x-gateway-source': 'gewe-cache',
      'preference-applied': 'wait=60',
    });
    await untilSaved(gateway, 'wx_1', { source: 'gewe-cache' });
  });

  test('the refresh continues after a poll has found a list, and its list replaces that one', async () => {
    const asked = askList(gateway, 'wx_1', PATIENT);
    const slow = await upstream.next(LIST);
    (await upstream.next(CACHE)).answer(listBytes('polled'));
    await asked;

    slow.answer(listBytes('live'));
    await untilSaved(gateway, 'wx_1', { source: 'live' });
    const saved = await askList(gateway, 'wx_1', ONLY_IF_CACHED);
    expect(saved.body.toString()).toBe(listBytes('live'));
  });

  test('the cache endpoint is not polled again after it has returned a list', async () => {
    const asked = askList(gateway, 'wx_1', PATIENT);
    await upstream.next(LIST);
    (await upstream.next(CACHE)).answer(listBytes('polled'));
    await asked;

    // The polls of another account serve as a clock: three of its intervals pass.
    void askList(gateway, 'wx_2', PATIENT).catch(() => undefined);
    for (let passed = 0; passed < 3; passed++) (await upstream.next(CACHE)).answer(NOTHING_KEPT);
    expect(upstream.count(CACHE, 'wx_1')).toBe(1);
  });

  test('a poll answered after the refresh does not replace the live list', async () => {
    const asked = askList(gateway, 'wx_1', PATIENT);
    const slow = await upstream.next(LIST);
    const poll = await upstream.next(CACHE);
    slow.answer(listBytes('live'));
    expect((await asked).headers['x-gateway-source']).toBe('live');

    poll.answer(listBytes('older'));
    await untilCounted('fetchContactsListCache');

    const saved = await askList(gateway, 'wx_1', ONLY_IF_CACHED);
    expect(saved.body.toString()).toBe(listBytes('live'));
  });

  test('a list from a poll is saved if the refresh has failed meanwhile', async () => {
    const asked = askList(gateway, 'wx_1', PATIENT);
    const slow = await upstream.next(LIST);
    const poll = await upstream.next(CACHE);
    slow.answer('<html>');
    await allRead(gateway);
    poll.answer(listBytes('polled'));

    // No list is saved when the refresh fails, so the caller waits for the same poll.
    expect((await asked).headers['x-gateway-source']).toBe('gewe-cache');
    expect(upstream.count(CACHE, 'wx_1')).toBe(1);
    await untilSaved(gateway, 'wx_1', { source: 'gewe-cache' });
  });

  test('a caller with stale-if-error=0 keeps waiting for the live list after a poll has found one', async () => {
    const asking = askTogether(gateway, [
      ['wx_1', PATIENT],
      ['wx_1', { ...PATIENT, ...NO_FALLBACK }],
    ]);
    const slow = await upstream.next(LIST);
    await asking.arrived;
    (await upstream.next(CACHE)).answer(listBytes('polled'));
    await untilSaved(gateway, 'wx_1', { source: 'gewe-cache' });
    slow.answer(listBytes('live'));

    const replies = await asking.replies;
    expect(replies.map(({ body }) => body.toString())).toEqual([
      listBytes('polled'),
      listBytes('live'),
    ]);
    expect(replies.map(({ headers }) => headers['x-gateway-source'])).toEqual([
      'gewe-cache',
      'live',
    ]);
  });

  /** Resolves when the metrics count a successful call of this operation. */
  async function untilCounted(operation: string): Promise<void> {
    for (const until = Date.now() + 30_000; Date.now() < until;) {
      const metrics = (await httpGet(gateway.opsUrl, '/metrics')).body.toString();
      const lines = metrics.split('\n').filter((line) => line.includes(`operation="${operation}"`));
      if (lines.some((line) => line.includes('answered'))) return;
    }
    throw new Error(`The metrics never counted ${operation}.`);
  }
});

describe('after a refresh', () => {
  beforeEach(async () => {
    upstream = await heldUpstream();
    gateway = await startGateway({
      env: {
        GEWE_BASE_URL: upstream.baseUrl,
        LIST_DEADLINE_MS: '100',
        LIST_POLL_MS: '20',
        SHUTDOWN_GRACE_MS: '0',
      },
    });
    const first = askList(gateway, 'wx_1', PATIENT);
    (await upstream.next(LIST)).answer(listBytes('day 0'));
    await first;
  });

  const FAILURES: readonly (readonly [string, (call: HeldCall) => void, string])[] = [
    ['a front proxy times out', (call) => call.gatewayTimeout(), 'upstream-invalid'],
    ['the connection is reset', (call) => call.reset(), 'upstream-unreachable'],
    ['GEWE reports its own timeout', (call) => call.answer(TIMED_OUT), 'upstream-timeout'],
  ];

  test.each(FAILURES)(
    'if %s during a refresh, the cache endpoint is polled until it has the list',
    async (_, fail, detail) => {
      const asked = askList(gateway, 'wx_1', PATIENT);
      fail(await upstream.next(LIST));
      const reply = await asked;
      expect(reply.body.toString()).toBe(listBytes('day 0'));
      expect(reply.headers['cache-status']).toBe(`gewe-gateway; fwd=stale; detail=${detail}`);

      (await upstream.next(CACHE)).answer(NOTHING_KEPT);
      (await upstream.next(CACHE)).gatewayTimeout();
      (await upstream.next(CACHE)).answer(listBytes('day 1'));

      await untilSaved(gateway, 'wx_1', { source: 'gewe-cache' });
      const saved = await askList(gateway, 'wx_1', ONLY_IF_CACHED);
      expect(saved.body.toString()).toBe(listBytes('day 1'));
    },
  );

  test('a call whose token is rejected does not end the polls of an earlier call that timed out', async () => {
    const slow = askList(gateway, 'wx_1', PATIENT);
    (await upstream.next(LIST)).gatewayTimeout();
    await slow;
    const turnedAway = askList(gateway, 'wx_1', PATIENT);
    (await upstream.next(LIST)).answer(
      '{"ret":500,"msg":"HTTP HEADER: X-GEWE-TOKEN=*** 不可用或已过期"}',
    );
    await turnedAway;

    (await upstream.next(CACHE)).answer(NOTHING_KEPT);
    (await upstream.next(CACHE)).answer(listBytes('day 1'));
    await untilSaved(gateway, 'wx_1', { source: 'gewe-cache' });
  });

  test('the cache endpoint is polled even if the calls of an account keep failing quickly', async () => {
    for (let call = 0; call < 20; call++) {
      const asked = askList(gateway, 'wx_1', PATIENT);
      (await upstream.next(LIST)).gatewayTimeout();
      await asked;
    }
    (await upstream.next(CACHE)).answer(listBytes('day 1'));
    await untilSaved(gateway, 'wx_1', { source: 'gewe-cache' });
  });

  test.each([
    ['an error of the account', '{"ret":500,"msg":"微信已离线"}'],
    ['ret 200 without a list', NOTHING_KEPT],
    ['a rejected token', '{"ret":500,"msg":"HTTP HEADER: X-GEWE-TOKEN=*** 不可用或已过期"}'],
    ['a good list', listBytes('day 1')],
  ])('the cache endpoint is not polled after %s', async (_, body) => {
    const asked = askList(gateway, 'wx_1', PATIENT);
    (await upstream.next(LIST)).answer(body);
    await asked;
    // On a busy machine, a poll may have been sent before the response came.
    await allRead(gateway);
    const before = upstream.count(CACHE, 'wx_1');
    await threePollsOf('wx_2');
    expect(upstream.count(CACHE, 'wx_1')).toBe(before);
  });

  test('a live list ends the polls of an earlier, failed call', async () => {
    const failing = askList(gateway, 'wx_1', PATIENT);
    (await upstream.next(LIST)).gatewayTimeout();
    await failing;
    (await upstream.next(CACHE)).answer(NOTHING_KEPT);

    const asked = askList(gateway, 'wx_1', PATIENT);
    (await upstream.next(LIST)).answer(listBytes('day 1'));
    expect((await asked).headers['x-gateway-source']).toBe('live');
    // A poll that was already sent may still arrive.
    await threePollsOf('wx_2');
    const before = upstream.count(CACHE, 'wx_1');
    await threePollsOf('wx_3');
    expect(upstream.count(CACHE, 'wx_1')).toBe(before);
  });

  test('a stop does not wait for the polls of a failed call', async () => {
    const failing = askList(gateway, 'wx_1', PATIENT);
    (await upstream.next(LIST)).gatewayTimeout();
    await failing;
    await upstream.next(CACHE);

    await gateway.gateway.stop();
    const counted = upstream.count(CACHE, 'wx_1');
    expect(counted).toBe(1);
  });

  /** The polls of another account serve as a clock: three intervals after its deadline pass. */
  async function threePollsOf(appId: string): Promise<void> {
    void askList(gateway, appId, PATIENT).catch(() => undefined);
    for (let passed = 0; passed < 3; passed++) (await upstream.next(CACHE)).answer(NOTHING_KEPT);
  }
});
