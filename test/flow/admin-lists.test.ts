import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openMemoryStores } from '../../src/stores/memory.ts';
import { allPages, askAdmin } from '../support/admin.ts';
import { listBytes } from '../support/lists.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import type { Stores } from '../../src/stores/stores.ts';

const HOUR_MS = 3_600_000;

let clock: MovableClock;
let stores: Stores;
let gateway: TestGateway;
beforeAll(async () => {
  clock = movableClock();
  stores = openMemoryStores(clock, 64 << 20);
  gateway = await startGateway({ overrides: { clock, stores } });
  // Two of them are of one instant.
  for (const [appId, hours] of [
    ['wx_b', 1],
    ['wx_a', 3],
    ['wx_d', 3],
    ['wx_c', 2],
  ] as const) {
    await save(appId, hours);
  }
});
afterAll(() => gateway.stop());

const body = Buffer.from(listBytes('ann'));
const save = (appId: string, hours: number) =>
  stores.lists.save(appId, {
    body,
    savedAt: clock.now() - hours * HOUR_MS,
    source: appId === 'wx_c' ? 'gewe-cache' : 'live',
  });
const lists = async (query = '') =>
  (await askAdmin(gateway, `/lists${query}`)).json()['lists'] as { readonly appId: string }[];
const named = async (query: string) => (await lists(query)).map(({ appId }) => appId);

test('GET /admin/lists describes every saved list, by appId, without its content', async () => {
  const answer = await askAdmin(gateway, '/lists');
  const list = (appId: string, hours: number, source = 'live') => ({
    appId,
    savedAt: new Date(clock.now() - hours * HOUR_MS).toISOString(),
    ageSeconds: hours * 3600,
    bytes: body.length,
    source,
  });
  expect(answer.json()).toEqual({
    lists: [list('wx_a', 3), list('wx_b', 1), list('wx_c', 2, 'gewe-cache'), list('wx_d', 3)],
    next: null,
  });
});

describe('GET /admin/lists', () => {
  test.each([
    ['?sort=age', ['wx_a', 'wx_d', 'wx_c', 'wx_b']],
    ['?sort=-age', ['wx_b', 'wx_c', 'wx_a', 'wx_d']],
    ['?sort=appId&limit=2', ['wx_a', 'wx_b']],
    ['?olderThanSeconds=7199', ['wx_a', 'wx_c', 'wx_d']],
    ['?olderThanSeconds=7200', ['wx_a', 'wx_d']],
    ['?olderThanSeconds=3600&sort=age&limit=1', ['wx_a']],
    ['?olderThanSeconds=', ['wx_a', 'wx_b', 'wx_c', 'wx_d']],
    ['?color=blue', ['wx_a', 'wx_b', 'wx_c', 'wx_d']],
  ])('%s selects and orders', async (query, expected) => {
    expect(await named(query)).toEqual(expected);
  });

  test.each(['?limit=1', '?limit=3&sort=age', '?limit=1&sort=-age', '?limit=1&olderThanSeconds=1'])(
    '%s gives each list once in pages',
    async (query) => {
      const pages = await allPages(gateway, `/lists${query}`, 'lists');
      const appIds = pages.flat().map(({ appId }) => appId);
      expect(appIds).toEqual(await named(query.replace(/limit=\d&?/, '')));
    },
  );

  test('by age goes on behind the last one although that was saved again meanwhile', async () => {
    const first = await askAdmin(gateway, '/lists?sort=age&limit=1');
    await save('wx_a', 0);
    const rest = await named(`?sort=age&after=${String(first.json()['next'])}`);
    await save('wx_a', 3);
    expect(rest).toEqual(['wx_d', 'wx_c', 'wx_b', 'wx_a']);
  });

  test('by appId goes on although the last one was forgotten meanwhile', async () => {
    const first = await askAdmin(gateway, '/lists?limit=2');
    await stores.lists.forget('wx_b');
    const rest = await named(`?after=${String(first.json()['next'])}`);
    await save('wx_b', 1);
    expect(rest).toEqual(['wx_c', 'wx_d']);
  });

  test.each([
    ['?sort=size', 'The parameter `sort` must be one of appId, age, -age.'],
    [
      '?olderThanSeconds=-1',
      'The parameter `olderThanSeconds` must be a whole number from 0 to 316224000.',
    ],
    ['?limit=0', 'The parameter `limit` must be a whole number from 1 to 1000.'],
    ['?sort=age&after=wx_a', expect.stringContaining('must be the `next` of the page before')],
    ['?after=1~wx_a', expect.stringContaining('must be the `next` of the page before')],
  ])('refuses %s with 400', async (query, detail) => {
    const answer = await askAdmin(gateway, `/lists${query}`);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'invalid-body', detail });
  });
});
