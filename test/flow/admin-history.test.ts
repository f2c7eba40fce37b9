import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ACCEPT, addBody, HOUR_MS, TRUSTING } from '../support/add-contacts.ts';
import { openMemoryStores } from '../../src/stores/memory.ts';
import { allPages, askAdmin } from '../support/admin.ts';
import { eventually } from '../support/eventually.ts';
import { askList, listBytes, saveList } from '../support/lists.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

let clock: MovableClock;
let gateway: TestGateway;
let appId: string;
let accounts = 0;
beforeAll(async () => {
  clock = movableClock();
  gateway = await startGateway({ policy: TRUSTING, overrides: { clock } });
});
/** Each test has an account of its own. */
beforeEach(() => {
  appId = `wx_${(accounts += 1)}`;
});
afterAll(() => gateway.stop());

const iso = (instant: number) => new Date(instant).toISOString();
const ask = (path: string, method?: string, body?: unknown) =>
  askAdmin(gateway, path, method, body);
const historyOf = (what: string, query = '') => ask(`/accounts/${appId}/${what}${query}`);
const actions = async () => (await historyOf('actions')).json()['actions'];

describe.each(['attempts', 'fetches', 'actions'])('/admin/accounts/{appId}/%s', (what) => {
  test('is empty for an account that the gateway has never seen', async () => {
    const answer = await historyOf(what);
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({ [what]: [], next: null });
  });

  test.each([
    ['?limit=0', 'The parameter `limit` must be a whole number from 1 to 1000.'],
    ['?limit=1001', 'The parameter `limit` must be a whole number from 1 to 1000.'],
    ['?limit=ten', 'The parameter `limit` must be a whole number from 1 to 1000.'],
    ['?limit=1&limit=2', 'Send the parameter `limit` once.'],
    ['?after=yesterday', expect.stringContaining('must be the `next` of the page before')],
  ])('refuses %s with 400 and says what is allowed', async (query, detail) => {
    const answer = await historyOf(what, query);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'invalid-body', msg: '查询参数不正确', detail });
  });

  test('ignores parameters that it does not have', async () => {
    expect((await historyOf(what, '?color=blue')).status).toBe(200);
  });

  test('refuses other methods', async () => {
    const answer = await ask(`/accounts/${appId}/${what}`, 'DELETE');
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD');
  });
});

test('attempts come newest first, in pages that have each of them once', async () => {
  for (const v3 of ['v3_1', 'v3_2', 'v3_3', 'v3_4', 'v3_5']) {
    await gateway.post('addContacts', addBody(appId, v3, ACCEPT)).expect(200);
    clock.advance(1000);
  }
  const pages = await allPages(gateway, `/accounts/${appId}/attempts?limit=2`, 'attempts');

  expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
  expect(pages.flat().map(({ at }) => at)).toEqual(
    [1, 2, 3, 4, 5].map((seconds) => iso(clock.now() - seconds * 1000)),
  );
});

describe('fetches', () => {
  test('tell when a list came, how large it is, and how many ids it has', async () => {
    gateway.simulator.behave(appId, { raw: { body: listBytes('ann', 'bob') } });
    const answer = await askList(gateway, appId);

    expect((await historyOf('fetches')).json()['fetches']).toEqual([
      {
        at: iso(clock.now()),
        durationMs: expect.any(Number),
        outcome: 'list',
        bytes: Buffer.byteLength(listBytes('ann', 'bob')),
        friends: 2,
        chatrooms: 0,
        ghs: 0,
        requestId: answer.headers['x-request-id'],
      },
    ]);
  });

  test('tell why none came', async () => {
    gateway.simulator.behave(appId, { accountOffline: true });
    await askList(gateway, appId);
    expect((await historyOf('fetches')).json()['fetches']).toMatchObject([
      { outcome: 'other', bytes: null, friends: null, chatrooms: null, ghs: null },
    ]);
  });

  test('come newest first, in pages that have each of them once, also those of one instant', async () => {
    for (const friends of [1, 2, 3, 4, 5]) {
      if (friends === 5) clock.advance(1000);
      gateway.simulator.behave(appId, { friends });
      await askList(gateway, appId, { 'Cache-Control': 'no-cache' });
    }
    const pages = await allPages(gateway, `/accounts/${appId}/fetches?limit=2`, 'fetches');
    expect(pages.map((page) => page.map(({ friends }) => friends))).toEqual([[5, 4], [3, 2], [1]]);
  });
});

describe('actions', () => {
  const since = (days: number) => iso(Date.parse('2026-05-20T00:00:00Z') - days * 24 * HOUR_MS);
  const put = (onlineSince: string) => ask(`/accounts/${appId}`, 'PUT', { onlineSince });

  test('tell what was declared and withdrawn, newest first, with what was there before', async () => {
    await put(since(1));
    const second = await put(since(2));
    const third = await ask(`/accounts/${appId}`, 'DELETE');

    const entry = {
      id: expect.any(String),
      at: iso(clock.now()),
      who: expect.any(String),
      requestId: expect.any(String),
    };
    expect(await actions()).toEqual([
      {
        ...entry,
        what: 'withdrawn',
        before: since(2),
        after: null,
        requestId: third.headers['x-request-id'],
      },
      {
        ...entry,
        what: 'declared',
        before: since(1),
        after: since(2),
        requestId: second.headers['x-request-id'],
      },
      { ...entry, what: 'declared', before: null, after: since(1) },
    ]);
    const pages = await allPages(gateway, `/accounts/${appId}/actions?limit=2`, 'actions');
    expect(pages.map((page) => page.length)).toEqual([2, 1]);
  });

  test('tell which list was forgotten', async () => {
    await saveList(gateway, appId, listBytes('ann'));
    await ask(`/lists/${appId}`, 'DELETE');
    const before = `${Buffer.byteLength(listBytes('ann'))} bytes, saved ${iso(clock.now())}`;
    expect(await actions()).toMatchObject([{ what: 'list-forgotten', before, after: null }]);
  });

  test('say nothing of a request that changed nothing', async () => {
    await put(since(1));
    await put(since(1));
    await ask(`/accounts/${appId}`, 'PUT', { onlineSince: 'soon' });
    await ask(`/lists/${appId}`, 'DELETE');
    await ask(`/accounts/${appId}_other`, 'DELETE');
    expect(await actions()).toHaveLength(1);
  });

  test('tell which list an operator had fetched, without a caller', async () => {
    gateway.simulator.behave(appId, { friends: 3 });
    const answer = await ask(`/lists/${appId}/refresh`, 'POST');
    expect(answer.status).toBe(202);
    expect(answer.json()).toEqual({ refresh: 'started' });

    const isFetched = async () =>
      ((await historyOf('fetches')).json()['fetches'] as unknown[]).length === 1;
    expect(await eventually(isFetched)).toBe(true);
    expect((await historyOf('fetches')).json()['fetches']).toMatchObject([
      { outcome: 'list', friends: 3, requestId: answer.headers['x-request-id'] },
    ]);
    expect((await ask(`/lists/${appId}`)).json()).toMatchObject({ source: 'live' });
    const calls = gateway.simulator.calls.filter((call) => call.appId === appId);
    expect(calls).toMatchObject([{ operation: 'contacts/fetchContactsList' }]);
    expect(calls[0]?.body.toString()).toBe(`{"appId":"${appId}"}`);
    expect(await actions()).toMatchObject([
      { what: 'list-refreshed', before: null, requestId: answer.headers['x-request-id'] },
    ]);
  });
});

describe('/admin/actions', () => {
  test('has the changes of all accounts, newest first, in pages that have each of them once', async () => {
    const appIds = ['b', 'a', 'c'].map((end) => `${appId}_${end}`);
    for (const one of appIds) {
      await ask(`/accounts/${one}`, 'PUT', { onlineSince: '2026-01-01T00:00:00Z' });
      clock.advance(1);
    }
    const pages = await allPages(gateway, '/actions?limit=2', 'actions');

    expect(pages[0]).toHaveLength(2);
    const read = pages.flat();
    expect(read.slice(0, 3)).toEqual(
      appIds
        .map((one, i) => ({
          id: expect.any(String),
          at: iso(clock.now() - (3 - i)),
          appId: one,
          who: 'loopback',
          what: 'declared',
          before: null,
          after: '2026-01-01T00:00:00.000Z',
          requestId: expect.any(String),
        }))
        .reverse(),
    );
    expect(new Set(read.map(({ id }) => id)).size).toBe(read.length);
  });

  test.each(['?limit=0', '?after=7', '?after=7~'])('refuses %s with 400', async (query) => {
    const answer = await ask(`/actions${query}`);
    expect([answer.status, answer.json()['code']]).toEqual([400, 'invalid-body']);
  });

  test('refuses other methods', async () => {
    expect((await ask('/actions', 'DELETE')).status).toBe(405);
  });
});

describe('while the store fails', () => {
  let broken: TestGateway;
  beforeAll(async () => {
    const failing = () => Promise.reject(new Error('the disk is full'));
    const stores = openMemoryStores(clock, 1 << 20);
    const history = {
      ...stores.history,
      attempts: failing,
      allActions: failing,
      countsSince: failing,
    };
    broken = await startGateway({
      overrides: { clock, stores: { ...stores, history, listIndex: { index: failing } } },
    });
  });
  afterAll(() => broken.stop());

  test.each(['/accounts/wx_a/attempts', '/actions', '/clients', '/lists'])(
    '%s is refused with 503',
    async (path) => {
      const answer = await askAdmin(broken, path);
      expect(answer.status).toBe(503);
      expect(answer.json()).toMatchObject({ code: 'store-unavailable' });
    },
  );
});
