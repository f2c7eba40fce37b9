import { afterEach, expect, test } from '@jest/globals';
import { openMemoryStores } from '../../src/stores/memory.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { systemClock } from '../../src/time.ts';
import { askAccount } from '../support/accounts.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

let gateway: TestGateway;
afterEach(() => gateway.stop());

const broken = () => Promise.reject(new Error('the disk is gone'));

async function start(change: (stores: Stores) => Partial<Stores>): Promise<void> {
  const stores = openMemoryStores(systemClock, 1_000_000);
  gateway = await startGateway({ overrides: { stores: { ...stores, ...change(stores) } } });
}

test.each<[string, (stores: Stores) => Partial<Stores>]>([
  ['charges', ({ ledger }) => ({ ledger: { ...ledger, usage: broken } })],
  ["accounts' clocks", ({ accounts }) => ({ accounts: { ...accounts, find: broken } })],
])('if the store of %s fails, GET /accounts/{appId} is 503', async (_what, change) => {
  await start(change);
  const answer = await askAccount(gateway, 'wx_a');
  expect([answer.status, answer.json()['code']]).toEqual([503, 'store-unavailable']);
  expect(answer.headers['retry-after']).toBe('5');
});

test('if only the store of lists fails, GET /accounts/{appId} has no list and all else', async () => {
  await start(({ lists }) => ({ lists: { ...lists, load: broken } }));
  const answer = await askAccount(gateway, 'wx_a');
  expect(answer.status).toBe(200);
  expect(answer.json()).toMatchObject({ state: 'unknown', list: null });
  expect(answer.json()['quotas']).toHaveLength(4);
  expect(gateway.log).toContainEqual(expect.objectContaining({ msg: 'the store of lists failed' }));
});
