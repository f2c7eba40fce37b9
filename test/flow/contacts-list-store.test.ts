import { systemClock } from '../../src/time.ts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { ListStore } from '../../src/contacts-list/ports.ts';
import { keepInMemory } from '../../src/stores/list-memory.ts';
import { openMemoryStores } from '../../src/stores/memory.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { askList, listBytes, NO_FALLBACK, ONLY_IF_CACHED, saveList } from '../support/lists.ts';
import { startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function started(options: Parameters<typeof startGateway>[0]): Promise<TestGateway> {
  const gateway = await startGateway(options);
  cleanUps.push(gateway.stop);
  return gateway;
}

/** Stores with some functions of their lists replaced. */
function storesWith(lists: Partial<ListStore>): Stores {
  const stores = openMemoryStores(systemClock, 1_000_000);
  return { ...stores, lists: { ...stores.lists, ...lists } };
}

const broken = () => Promise.reject(new Error('the disk is gone'));

test('a store that fails to load counts as empty: live lists are returned, and failures are refused', async () => {
  const gateway = await started({
    overrides: { stores: storesWith({ load: broken }) },
  });
  await saveList(gateway, 'wx_1', listBytes('ann'));
  gateway.simulator.behave('wx_1', { status: 503 });

  expect((await askList(gateway, 'wx_1')).status).toBe(502);
  expect((await askList(gateway, 'wx_1', ONLY_IF_CACHED)).status).toBe(504);
  expect(gateway.log).toContainEqual(expect.objectContaining({ msg: 'the store of lists failed' }));
});

test('a live list is returned even if the store fails to save it', async () => {
  const stores = storesWith({ save: broken });
  const lists = keepInMemory(stores.lists, 1_000_000);
  const gateway = await started({ overrides: { stores: { ...stores, lists } } });
  gateway.simulator.behave('wx_1', { raw: { body: listBytes('ann') } });

  const reply = await askList(gateway, 'wx_1');

  expect(reply.status).toBe(200);
  expect(reply.body.toString()).toBe(listBytes('ann'));
  // This process still has it in memory.
  const saved = await askList(gateway, 'wx_1', ONLY_IF_CACHED);
  expect(saved.body.toString()).toBe(listBytes('ann'));
});

test("a list from GEWE's cache is returned even if the store fails", async () => {
  const gateway = await started({
    overrides: { stores: storesWith({ load: broken, save: broken }) },
  });
  gateway.simulator.behave('wx_1', [
    { operations: ['fetchContactsList'], status: 503 },
    { raw: { body: listBytes('kept') } },
  ]);
  expect((await askList(gateway, 'wx_1')).body.toString()).toBe(listBytes('kept'));
});

test('a token that the upstream echoes in a list is redacted in responses and in the store', async () => {
  const folder = await temporaryFolder();
  cleanUps.push(folder.remove);
  const file = join(folder.path, 'gateway.db');
  const gateway = await started({ env: { STORE_URL: `sqlite:${file}` } });
  gateway.simulator.behave('wx_echo', { raw: { body: listBytes('ann', TOKEN) } });

  const replies = [
    await askList(gateway, 'wx_echo', NO_FALLBACK),
    await askList(gateway, 'wx_echo', ONLY_IF_CACHED),
  ];

  const clean = listBytes('ann', '***');
  expect(replies.map(({ body }) => body.toString())).toEqual([clean, clean]);
  await gateway.gateway.stop();
  const stored = await readFile(file);
  expect(stored.includes(clean)).toBe(true);
  expect(stored.includes(TOKEN)).toBe(false);
});

test('saved lists survive a restart byte for byte, with their age and source', async () => {
  const folder = await temporaryFolder();
  cleanUps.push(folder.remove);
  const env = { STORE_URL: `sqlite:${join(folder.path, 'gateway.db')}` };
  const before = await started({ env });
  await saveList(before, 'wx_1', listBytes('ann', 'bob'));
  before.simulator.behave('wx_2', [
    { operations: ['fetchContactsList'], status: 503 },
    { raw: { body: listBytes('kept') } },
  ]);
  await askList(before, 'wx_2');
  await before.gateway.stop();

  const after = await started({ env: { ...env, LIST_DEADLINE_MS: '50' } });
  after.simulator.behave('*', { hang: true });

  const reply = await askList(after, 'wx_1');
  expect(reply.body.toString()).toBe(listBytes('ann', 'bob'));
  expect(Number(reply.headers.age)).toBeGreaterThanOrEqual(0);
  expect(reply.headers['cache-status']).toBe('gewe-gateway; fwd=stale; detail=upstream-timeout');
  const cached = await askList(after, 'wx_2', ONLY_IF_CACHED);
  expect(cached.body.toString()).toBe(listBytes('kept'));
  expect(cached.headers['cache-status']).toBe('gewe-gateway; hit; detail=gewe-cache');
});
