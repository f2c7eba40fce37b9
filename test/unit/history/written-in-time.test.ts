import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createHistory } from '../../../src/history/history.ts';
import type { HistoryStore } from '../../../src/history/ports.ts';
import { memoryHistory } from '../../../src/stores/memory-history.ts';
import { movableClock } from '../../support/movable-clock.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const FACTS = { appId: 'wx_a', subject: undefined, option: 2, target: 'ann', requestId: 'r1' };

test('what is recorded is in the store ten seconds later, although nobody reads it or stops the gateway', async () => {
  const clock = movableClock();
  const store: HistoryStore = memoryHistory(clock);
  const settings = { keepMs: Infinity, maxRows: Infinity };
  const history = createHistory({
    store,
    clock,
    settings,
    onStoreError: (error) => {
      throw error;
    },
  });
  history.counted('crm', 'ok');
  history.refused(
    { ...FACTS, option: 2, client: 'crm' },
    { code: 'add-too-soon', rule: 'add-gap' },
  );
  const sizes = { bytes: undefined, friends: undefined, chatrooms: undefined, ghs: undefined };
  history.fetched({
    ...{ appId: 'wx_a', at: clock.now(), durationMs: 1, outcome: 'timeout', requestId: 'r2' },
    ...sizes,
  });
  const stored = async () => [
    (await store.countsSince(0)).length,
    (await store.attempts('wx_a', { after: undefined, limit: 9 })).length,
    (await store.fetches('wx_a')).length,
  ];

  expect(await stored()).toEqual([0, 0, 0]);
  await jest.advanceTimersByTimeAsync(10_000);
  expect(await stored()).toEqual([1, 1, 1]);
  await history.stop();
});
