import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { heldUpstream, type HeldCall, type HeldUpstream } from '../support/raw-upstream.ts';
import {
  allRead,
  askList,
  CACHE,
  LIST,
  listBytes,
  ONLY_IF_CACHED,
  untilSaved,
} from '../support/lists.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const NOTHING_KEPT = '{"ret":200,"msg":"操作成功"}';
const TIMED_OUT = '{"ret":500,"msg":"获取通讯录列表超时"}';
/** A caller that waits for the slow call, however long the gateway's own deadline is. */
const PATIENT = { Prefer: 'wait=60' };

let upstream: HeldUpstream;
let gateway: TestGateway;
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
afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

const FAILURES: readonly (readonly [string, (call: HeldCall) => void, string])[] = [
  ['a front proxy gives up', (call) => call.gatewayTimeout(), 'upstream-invalid'],
  ['the connection is reset', (call) => call.reset(), 'upstream-unreachable'],
  ['the vendor says that it timed out', (call) => call.answer(TIMED_OUT), 'upstream-timeout'],
];

test.each(FAILURES)(
  "when %s in the middle of a slow call, the vendor's cache is asked until it has the list",
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

test('a call that fails at once does not end the polls for one that the vendor is still working on', async () => {
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

test("an account whose calls keep failing quickly is still asked about at the vendor's cache", async () => {
  for (let call = 0; call < 20; call++) {
    const asked = askList(gateway, 'wx_1', PATIENT);
    (await upstream.next(LIST)).gatewayTimeout();
    await asked;
  }
  (await upstream.next(CACHE)).answer(listBytes('day 1'));
  await untilSaved(gateway, 'wx_1', { source: 'gewe-cache' });
});

test.each([
  ["the vendor's word on the account", '{"ret":500,"msg":"微信已离线"}'],
  ['ret 200 without a list', NOTHING_KEPT],
  ['a rejected token', '{"ret":500,"msg":"HTTP HEADER: X-GEWE-TOKEN=*** 不可用或已过期"}'],
  ['a good list', listBytes('day 1')],
])("after %s the vendor's cache is not asked", async (_, body) => {
  const asked = askList(gateway, 'wx_1', PATIENT);
  (await upstream.next(LIST)).answer(body);
  await asked;
  // On a busy machine a poll may have gone out before the answer came.
  await allRead(gateway);
  const before = upstream.count(CACHE, 'wx_1');
  await threePollsOf('wx_2');
  expect(upstream.count(CACHE, 'wx_1')).toBe(before);
});

test('a live list ends the polls that an earlier, failed call has left', async () => {
  const failing = askList(gateway, 'wx_1', PATIENT);
  (await upstream.next(LIST)).gatewayTimeout();
  await failing;
  (await upstream.next(CACHE)).answer(NOTHING_KEPT);

  const asked = askList(gateway, 'wx_1', PATIENT);
  (await upstream.next(LIST)).answer(listBytes('day 1'));
  expect((await asked).headers['x-gateway-source']).toBe('live');
  // One that was on its way may still arrive.
  await threePollsOf('wx_2');
  const before = upstream.count(CACHE, 'wx_1');
  await threePollsOf('wx_3');
  expect(upstream.count(CACHE, 'wx_1')).toBe(before);
});

test('a stop does not wait for polls that are left of a failed call', async () => {
  const failing = askList(gateway, 'wx_1', PATIENT);
  (await upstream.next(LIST)).gatewayTimeout();
  await failing;
  await upstream.next(CACHE);

  await gateway.gateway.stop();
  const counted = upstream.count(CACHE, 'wx_1');
  expect(counted).toBe(1);
});

/** The polls of another account as a clock: three intervals after its deadline have passed. */
async function threePollsOf(appId: string): Promise<void> {
  void askList(gateway, appId, PATIENT).catch(() => undefined);
  for (let passed = 0; passed < 3; passed++) (await upstream.next(CACHE)).answer(NOTHING_KEPT);
}
