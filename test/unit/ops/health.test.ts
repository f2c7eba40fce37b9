import { expect, test } from '@jest/globals';
import { createHealth } from '../../../src/ops/health.ts';
import { movableClock } from '../../support/movable-clock.ts';

function healthOf(store: { broken: boolean }) {
  const clock = movableClock();
  let checks = 0;
  const health = createHealth({
    clock,
    async checkStore() {
      checks += 1;
      if (store.broken) throw new Error('disk I/O error');
    },
    isTokenRejected: () => false,
    storeWarnings: () => [],
    issuerWarnings: () => [],
    isDraining: () => false,
    onStoreError: () => undefined,
  });
  return { clock, health, checks: () => checks };
}

test('however many ask, the store is asked once a second', async () => {
  const { clock, health, checks } = healthOf({ broken: false });
  for (let i = 0; i < 5; i++) await health.notReady();
  expect(checks()).toBe(1);
  clock.advance(1000);
  await health.notReady();
  expect(checks()).toBe(2);
});

test('setting the time of day back an hour does not keep an old result', async () => {
  const store = { broken: false };
  const { clock, health } = healthOf(store);
  expect(await health.notReady()).toEqual([]);
  store.broken = true;
  clock.set(clock.now() - 3_600_000);
  clock.advance(1000);
  expect(await health.notReady()).toEqual(['store']);
});
