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
    isTokenAccepted: () => false,
    storeWarnings: () => [],
    issuerWarnings: () => [],
    watchedFiles: () => ({ clients: undefined, token: undefined }),
    isBreakerOpen: () => false,
    isDraining: () => false,
    onStoreError: () => undefined,
  });
  return { clock, health, checks: () => checks };
}

test('the store is checked at most once a second, however many probes ask', async () => {
  const { clock, health, checks } = healthOf({ broken: false });
  for (let i = 0; i < 5; i++) await health.notReady();
  expect(checks()).toBe(1);
  clock.advance(1000);
  await health.notReady();
  expect(checks()).toBe(2);
});

test('a result is not kept longer if the system clock is set back an hour', async () => {
  const store = { broken: false };
  const { clock, health } = healthOf(store);
  expect(await health.notReady()).toEqual([]);
  store.broken = true;
  clock.set(clock.now() - 3_600_000);
  clock.advance(1000);
  expect(await health.notReady()).toEqual(['store']);
});
