import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createSimulator } from '../../../src/simulator/simulator.ts';
import { ask, call } from './calling.ts';

const FETCH = 'contacts/fetchContactsList';
const CACHE = 'contacts/fetchContactsListCache';
const NOTHING_KEPT = { ret: 200, msg: '操作成功' };
const MINUTE_MS = 60_000;

let now = 0;
const simulator = createSimulator({ now: () => now });
let baseUrl: string;

beforeAll(async () => {
  ({ baseUrl } = await simulator.start());
});
beforeEach(() => simulator.reset());
afterAll(() => simulator.stop());

/** Polls the cache endpoint, as GEWE's documentation says. */
async function nextKeptList(appId: string): Promise<{ friends: string[] }> {
  for (;;) {
    const { data } = await ask(baseUrl, CACHE, { appId });
    if (data !== undefined) return data;
  }
}

describe('fetchContactsListCache', () => {
  test('without an earlier fetch, succeeds without data', async () => {
    expect(await ask(baseUrl, CACHE)).toEqual(NOTHING_KEPT);
  });

  test('after a fetch, returns that list to its account and to no other', async () => {
    simulator.behave('wx_1', { friends: 3 });
    const fetched = await ask(baseUrl, FETCH);
    expect(fetched.data.friends).toHaveLength(3);
    expect(await ask(baseUrl, CACHE)).toEqual(fetched);
    expect(await ask(baseUrl, CACHE, { appId: 'wx_2' })).toEqual(NOTHING_KEPT);
  });

  test('ten minutes after a fetch, succeeds without data again', async () => {
    await ask(baseUrl, FETCH);
    now += 10 * MINUTE_MS - 1;
    expect(await ask(baseUrl, CACHE)).toHaveProperty('data');
    now += 1;
    expect(await ask(baseUrl, CACHE)).toEqual(NOTHING_KEPT);
  });

  test('returns a list after it is finished, even if its caller has left', async () => {
    simulator.behave('wx_1', { operations: ['fetchContactsList'], delayMs: 2000, friends: 2 });
    const leaving = new AbortController();
    const slow = call(baseUrl, FETCH, { appId: 'wx_1' }, { signal: leaving.signal });
    const failed = expect(slow).rejects.toThrow('aborted');
    const recorded = await simulator.waitForCall((one) => one.operation === FETCH);
    leaving.abort();
    await failed;
    expect(await recorded.ended).toBe('aborted');
    expect((await nextKeptList('wx_1')).friends).toHaveLength(2);
  });

  test.each([
    ['accountOffline', { accountOffline: true }],
    ['status', { status: 502 }],
    ['html', { html: true }],
  ])('after a fetch that failed by %s, succeeds without data', async (_, behaviour) => {
    simulator.behave('wx_1', { ...behaviour, operations: ['fetchContactsList'] });
    await call(baseUrl, FETCH);
    expect(await ask(baseUrl, CACHE)).toEqual(NOTHING_KEPT);
  });

  test('after a fetch that ended in a reset, succeeds without data', async () => {
    simulator.behave('wx_1', { reset: true, operations: ['fetchContactsList'] });
    await expect(call(baseUrl, FETCH)).rejects.toThrow();
    expect(await ask(baseUrl, CACHE)).toEqual(NOTHING_KEPT);
  });

  test('with cacheList none, succeeds without data although a list was fetched', async () => {
    simulator.behave('wx_1', { cacheList: 'none' });
    await ask(baseUrl, FETCH);
    expect(await ask(baseUrl, CACHE)).toEqual(NOTHING_KEPT);
  });

  test('with cacheList kept, returns a list although none was fetched', async () => {
    simulator.behave('wx_1', { cacheList: 'kept' });
    expect((await ask(baseUrl, CACHE)).data.friends).toContain('weixin');
    simulator.behave('wx_1', { cacheList: 'kept', friends: 7 });
    expect((await ask(baseUrl, CACHE)).data.friends).toHaveLength(7);
  });
});
