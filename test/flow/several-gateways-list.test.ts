import { afterEach, expect, test } from '@jest/globals';
import { askAdmin } from '../support/admin.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { heldUpstream, type HeldUpstream } from '../support/raw-upstream.ts';
import { httpCall } from '../support/http-client.ts';
import {
  askList,
  CACHE,
  LIST,
  listBytes,
  listCalls,
  NO_FALLBACK,
  ONLY_IF_CACHED,
  saveList,
  untilSaved,
} from '../support/lists.ts';
import { roundRobin, threeGateways, type SeveralGateways } from '../support/gateways-on-redis.ts';

describeOnRedis('three gateways on one Redis', () => {
  let all: SeveralGateways;
  let upstream: HeldUpstream | undefined;
  afterEach(async () => {
    await all.stop();
    await upstream?.stop();
    upstream = undefined;
  });

  /** Gateways in front of an upstream whose responses wait for the test. */
  async function held(env: Record<string, string> = {}): Promise<HeldUpstream> {
    const held = await heldUpstream();
    upstream = held;
    all = await threeGateways(() => ({
      env: { GEWE_BASE_URL: held.baseUrl, SHUTDOWN_GRACE_MS: '0', ...env },
    }));
    return held;
  }

  const ask = (index: number, appId: string, headers = {}) =>
    askList(roundRobin(all.gateways, index), appId, headers);

  /** A patient caller and its call. It is not the previous call, which may just be ending. */
  async function newCall(index: number, next: HeldUpstream['next']) {
    const called = next(LIST);
    for (;;) {
      const asked = ask(index, 'wx_1', { Prefer: 'wait=60' });
      const call = await Promise.race([called, asked]);
      if ('answer' in call) return [asked, call] as const;
    }
  }

  test('make one upstream call for 300 simultaneous callers, and all get its list', async () => {
    const { next, count } = await held();
    const asked = Array.from({ length: 300 }, (_, i) => ask(i, 'wx_1'));
    const call = await next(LIST);
    // All have asked when a later caller has been answered.
    await Promise.all([0, 1, 2].map((i) => ask(i, 'wx_1', ONLY_IF_CACHED)));
    call.answer(listBytes('ann'));
    const replies = await Promise.all(asked);

    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(replies.map(({ body }) => body.toString()))).toEqual(
      new Set([listBytes('ann')]),
    );
    expect(new Set(replies.map(({ headers }) => headers['x-gateway-source']))).toEqual(
      new Set(['live']),
    );
    const collapsed = replies.filter(({ headers }) =>
      /collapsed/.test(headers['cache-status'] as string),
    );
    expect(collapsed).toHaveLength(299);
    expect(count(LIST, 'wx_1')).toBe(1);
  });

  test('tell an operator at any of them that the list is being fetched already', async () => {
    const { next, count } = await held();
    const asked = ask(0, 'wx_1', { Prefer: 'wait=60' });
    const call = await next(LIST);
    const refresh = await askAdmin(roundRobin(all.gateways, 1), '/lists/wx_1/refresh', 'POST');
    expect(refresh.json()).toEqual({ refresh: 'under-way' });
    call.answer(listBytes('ann'));
    await asked;
    expect(count(LIST, 'wx_1')).toBe(1);
  });

  test('pass on an error of the account to the callers at every gateway', async () => {
    const { next, count } = await held();
    const asked = [0, 1, 2].map((i) => ask(i, 'wx_1'));
    const call = await next(LIST);
    await Promise.all([0, 1, 2].map((i) => ask(i, 'wx_1', ONLY_IF_CACHED)));
    const word = '{"ret":500,"msg":"账号已离线", "big":12345678901234567890}';
    call.answer(word);
    for (const { status, body } of await Promise.all(asked)) {
      expect([status, body.toString()]).toEqual([200, word]);
    }
    expect(count(LIST, 'wx_1')).toBe(1);
  });

  test('ask the cache endpoint once, and return its list at every gateway', async () => {
    const { next, count } = await held({ LIST_DEADLINE_MS: '200' });
    const asked = [0, 1, 2].map((i) => ask(i, 'wx_1'));
    const call = await next(CACHE);
    // The two later ones wait for the result of this poll.
    call.answer(listBytes('kept'));
    for (const { status, body, headers } of await Promise.all(asked)) {
      expect([status, body.toString()]).toEqual([200, listBytes('kept')]);
      // A gateway whose deadline passed after the list arrived finds it saved.
      expect(headers['cache-status']).toMatch(/detail=(?:gewe-cache|upstream-timeout)/);
    }
    expect(count(LIST, 'wx_1')).toBe(1);
    expect(count(CACHE, 'wx_1')).toBe(1);
  });

  test('let each caller wait its own time, and give a caller that joins an older call the saved list', async () => {
    const { next } = await held();
    const first = ask(0, 'wx_1', { ...NO_FALLBACK, Prefer: 'wait=60' });
    (await next(LIST)).answer(listBytes('old'));
    await first;

    const [patient, call] = await newCall(1, next);
    const short = await ask(2, 'wx_1', { Prefer: 'wait=1' });
    expect(short.body.toString()).toBe(listBytes('old'));
    expect(short.headers['cache-status']).toBe(
      'gewe-gateway; fwd=stale; detail=upstream-timeout; collapsed',
    );
    // The call is a second old by now.
    const late = await ask(0, 'wx_1', { Prefer: 'wait=1' });
    expect(late.body.toString()).toBe(listBytes('old'));
    call.answer(listBytes('new'));
    expect((await patient).body.toString()).toBe(listBytes('new'));
  });

  test('all return the list that a late response brought to one of them', async () => {
    const { next } = await held();
    const first = ask(0, 'wx_1', { ...NO_FALLBACK, Prefer: 'wait=60' });
    (await next(LIST)).answer(listBytes('old'));
    await first;
    // Each has the old list in its own memory now.
    for (const i of [0, 1, 2]) {
      expect((await ask(i, 'wx_1', ONLY_IF_CACHED)).body.toString()).toBe(listBytes('old'));
    }

    const impatient = ask(1, 'wx_1', { Prefer: 'wait=0' });
    const call = await next(LIST);
    expect((await impatient).body.toString()).toBe(listBytes('old'));
    call.answer(listBytes('newer', 'still newer'));
    await untilSaved(all.gateways[1], 'wx_1', {
      bytes: Buffer.byteLength(listBytes('newer', 'still newer')),
    });
    for (const i of [0, 2]) {
      const saved = await ask(i, 'wx_1', ONLY_IF_CACHED);
      expect(saved.body.toString()).toBe(listBytes('newer', 'still newer'));
    }
  });

  test('delete a list everywhere if an operator deletes it at one of them', async () => {
    all = await threeGateways();
    await saveList(all.gateways[0], 'wx_1', listBytes('ann'));
    for (const i of [0, 1, 2]) expect((await ask(i, 'wx_1', ONLY_IF_CACHED)).status).toBe(200);

    const { opsUrl } = all.gateways[1];
    const headers = { Origin: opsUrl };
    const forget = { method: 'DELETE', path: '/admin/lists/wx_1', headers };
    expect((await httpCall(opsUrl, forget)).status).toBe(204);
    for (const i of [0, 1, 2]) expect((await ask(i, 'wx_1', ONLY_IF_CACHED)).status).toBe(504);
    await saveList(all.gateways[2], 'wx_1', listBytes('bob'));
    for (const i of [0, 1, 2]) {
      expect((await ask(i, 'wx_1', ONLY_IF_CACHED)).body.toString()).toBe(listBytes('bob'));
    }
    expect(listCalls(all, 'wx_1')).toBe(2);
  });
});
