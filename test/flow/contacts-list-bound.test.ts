import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { eventually } from '../support/eventually.ts';
import { heldUpstream, type HeldCall, type HeldUpstream } from '../support/raw-upstream.ts';
import {
  allRead,
  askList,
  askTogether,
  LIST,
  listBytes,
  NO_FALLBACK,
  type Reply,
} from '../support/lists.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const PATIENT = { Prefer: 'wait=60' };

let upstream: HeldUpstream;
let gateway: TestGateway;
beforeEach(async () => {
  upstream = await heldUpstream();
});
afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

async function start(policy: string, env: Record<string, string> = {}): Promise<void> {
  gateway = await startGateway({
    env: { GEWE_BASE_URL: upstream.baseUrl, SHUTDOWN_GRACE_MS: '0', ...env },
    policy,
  });
}

async function saveLive(appId: string): Promise<void> {
  const asked = askList(gateway, appId, PATIENT);
  (await upstream.next(LIST)).answer(listBytes(appId));
  await asked;
}

/** A call under way, and what its caller will get. */
async function hold(appId: string): Promise<{ call: HeldCall; asked: Promise<Reply> }> {
  const asked = askList(gateway, appId, PATIENT);
  return { call: await upstream.next(LIST), asked };
}

const turnedAway = async (): Promise<string | undefined> => {
  const { text } = await supertest(gateway.opsUrl).get('/metrics').expect(200);
  return /^gewe_gateway_list_calls_turned_away_total (\d+)$/m.exec(text)?.[1];
};

const crowdLines = () =>
  gateway.log
    .map(({ level, msg }) => `${String(level)} ${String(msg)}`)
    .filter((line) => /slow list calls/.test(line));

describe('while as many refreshes are running as list.maxCallsUnderWay allows', () => {
  let held: { call: HeldCall; asked: Promise<Reply> }[];
  beforeEach(async () => {
    await start('list: { maxCallsUnderWay: 2 }');
    await saveLive('wx_saved');
    held = [await hold('wx_a'), await hold('wx_b')];
  });

  test('another account gets its saved list at once, without a call', async () => {
    const reply = await askList(gateway, 'wx_saved', PATIENT);

    expect(reply.body.toString()).toBe(listBytes('wx_saved'));
    expect(reply.headers).toMatchObject({
      'cache-status': 'gewe-gateway; hit',
      age: expect.stringMatching(/^\d+$/),
    });
    expect(upstream.count(LIST, 'wx_saved')).toBe(1);
  });

  test.each([
    ['without a saved list', 'wx_new', PATIENT],
    ['with stale-if-error=0', 'wx_saved', { ...PATIENT, ...NO_FALLBACK }],
  ])('a caller %s is refused at once, with a Retry-After', async (_, appId, headers) => {
    const reply = await askList(gateway, appId, headers);

    expect(reply.status).toBe(504);
    expect(reply.headers['retry-after']).toBe('10');
    expect(JSON.parse(reply.body.toString())).toMatchObject({
      code: 'upstream-timeout',
      detail: expect.stringContaining('Too many slow list calls'),
    });
    expect(upstream.count(LIST, 'wx_new')).toBe(0);
  });

  test('callers of an account with a running refresh join it', async () => {
    const joining = askTogether(gateway, Array(20).fill(['wx_a', PATIENT]));
    await joining.arrived;
    await allRead(gateway);
    held[0]?.call.answer(listBytes('wx_a'));

    const replies = [await held[0]?.asked, ...(await joining.replies)];
    for (const reply of replies) expect(reply?.body.toString()).toBe(listBytes('wx_a'));
  });

  test("the end of a refresh allows another account's refresh", async () => {
    held[0]?.call.answer(listBytes('wx_a'));
    await held[0]?.asked;

    const next = await hold('wx_new');
    next.call.answer(listBytes('wx_new'));
    expect((await next.asked).body.toString()).toBe(listBytes('wx_new'));
  });

  test('the metric counts the refused callers, and the log has one line for the beginning and one for the end', async () => {
    for (let i = 0; i < 3; i++) await askList(gateway, 'wx_new', PATIENT);
    expect(await turnedAway()).toBe('3');
    expect(crowdLines()).toEqual([expect.stringMatching(/^warn .*list\.maxCallsUnderWay/)]);

    held[0]?.call.answer(listBytes('wx_a'));
    await held[0]?.asked;
    await eventually(() => crowdLines().length > 1);
    expect(crowdLines().slice(1)).toEqual([expect.stringMatching(/^info .*room/)]);
  });
});

test('a probe of the breaker is sent even if the limit of refreshes is reached', async () => {
  await start(
    'list: { maxCallsUnderWay: 2 }\nbreaker: { failures: 2, windowSeconds: 60, probeEverySeconds: 0.001 }',
    { LIST_DEADLINE_MS: '50', LIST_CACHE_DEADLINE_MS: '50' },
  );
  await Promise.all(['wx_a', 'wx_b'].map((appId) => askList(gateway, appId)));
  for (const appId of ['wx_a', 'wx_b']) expect((await upstream.next(LIST)).appId).toBe(appId);

  const probe = await hold('wx_c');
  probe.call.answer(listBytes('wx_c'));

  expect((await probe.asked).headers['x-gateway-source']).toBe('live');
});

test('by default, a thousand callers of two hundred accounts wait for the hanging upstream until the deadline', async () => {
  // Without the breaker, which would answer late callers at once on a slow machine.
  await start('breaker: { failures: 1000000 }', { LIST_DEADLINE_MS: '500' });
  const appIds = Array.from({ length: 200 }, (_, n) => `wx_${n}`);
  const saving = appIds.map((appId) => askList(gateway, appId, PATIENT));
  const calls = await Promise.all(appIds.map(() => upstream.next(LIST)));
  for (const call of calls) call.answer(listBytes(call.appId));
  await Promise.all(saving);

  const asks = Array.from({ length: 1000 }, (_, n) => askList(gateway, `wx_${n % 200}`));
  const replies = await Promise.all(asks);

  for (const [n, reply] of replies.entries()) {
    expect(reply.body.toString()).toBe(listBytes(`wx_${n % 200}`));
    expect(reply.headers['cache-status']).toContain('fwd=stale; detail=upstream-timeout');
  }
  expect(appIds.map((appId) => upstream.count(LIST, appId))).toEqual(appIds.map(() => 2));
  expect(await turnedAway()).toBe('0');
});
