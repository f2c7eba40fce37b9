import { expect, test } from '@jest/globals';

import { systemClock } from '../../src/time.ts';
import { openMemoryStores } from '../../src/stores/memory.ts';
import { movableClock } from '../support/movable-clock.ts';
import { T0 } from '../support/quota-rules.ts';
import type { StoresUnderTest } from '../support/stores-under-test.ts';
import { describeAccountRegister } from './account-register.contract.ts';
import { describeHistoryStore } from './history-store.contract.ts';
import { describeIdempotencyStore } from './idempotency-store.contract.ts';
import { describeKeySetStore } from './key-set-store.contract.ts';
import { describeLedger } from './ledger.contract.ts';
import { describeListIndex } from './list-index.contract.ts';
import { describeListStore } from './list-store.contract.ts';
import { describeSessionStore } from './session-store.contract.ts';

async function open(): Promise<StoresUnderTest> {
  const clock = movableClock(T0);
  const stores = openMemoryStores(clock, 10_000_000);
  return { stores, clock, dispose: () => stores.close() };
}

describeListStore(open);
describeLedger(open);
describeAccountRegister(open);
describeIdempotencyStore(open);
describeSessionStore(open);
describeKeySetStore(open);
describeHistoryStore(open);
describeListIndex(open);

test('memory stores keep at most the allowed bytes of lists, and drop the least recently used ones', async () => {
  const { lists } = openMemoryStores(systemClock, 1000);
  // A list may have a compressed form as well, so its bytes count twice.
  const listOf = (bytes: number) =>
    ({ body: Buffer.alloc(bytes), savedAt: 1, source: 'live' }) as const;
  for (const appId of ['a', 'b']) await lists.save(appId, listOf(200));
  await lists.load('a');
  await lists.save('c', listOf(200));
  const kept = await Promise.all(['a', 'b', 'c'].map((appId) => lists.load(appId)));
  expect(kept.map((list) => list?.body.length)).toEqual([200, undefined, 200]);

  await lists.save('a', listOf(501));
  expect(await lists.load('a')).toBeUndefined();
});

test('memory stores pass a check and can be closed twice', async () => {
  const stores = openMemoryStores(systemClock, 1_000_000);
  await stores.check();
  await stores.close();
  await stores.close();
});

test('two sets of memory stores share nothing', async () => {
  const [one, other] = [
    openMemoryStores(systemClock, 1_000_000),
    openMemoryStores(systemClock, 1_000_000),
  ];
  await one.accounts.seen('wx_a', 1);
  expect(await other.accounts.find('wx_a')).toBeUndefined();
});
