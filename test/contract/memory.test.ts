import { expect, test } from '@jest/globals';

import { systemClock } from '../../src/clock.ts';
import { openMemoryStores } from '../../src/stores/memory/memory-stores.ts';
import { movableClock } from '../support/movable-clock.ts';
import { T0 } from '../support/quota-rules.ts';
import type { StoresUnderTest } from '../support/stores-under-test.ts';
import { describeAccountRegister } from './account-register.contract.ts';
import { describeIdempotencyStore } from './idempotency-store.contract.ts';
import { describeLedger } from './ledger.contract.ts';
import { describeListStore } from './list-store.contract.ts';

async function open(): Promise<StoresUnderTest> {
  const clock = movableClock(T0);
  const stores = openMemoryStores(clock);
  return { stores, clock, dispose: () => stores.close() };
}

describeListStore(open);
describeLedger(open);
describeAccountRegister(open);
describeIdempotencyStore(open);

test('memory stores take a check, and a second close', async () => {
  const stores = openMemoryStores(systemClock);
  await stores.check();
  await stores.close();
  await stores.close();
});

test('two sets of memory stores share nothing', async () => {
  const [one, other] = [openMemoryStores(systemClock), openMemoryStores(systemClock)];
  await one.accounts.seen('wx_a', 1);
  expect(await other.accounts.find('wx_a')).toBeUndefined();
});
