/** The journal and the counts while the store does not take them. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createHistory, type History } from '../../../src/history/history.ts';
import type { HistoryStore, ListFetch } from '../../../src/history/ports.ts';
import { memoryHistory } from '../../../src/stores/memory-history.ts';
import { eventually } from '../../support/eventually.ts';
import { movableClock } from '../../support/movable-clock.ts';
import { entryOf } from '../../support/quota-rules.ts';

const ALL = { after: undefined, limit: 1000 };

let history: History;
let store: HistoryStore;
let isAway: boolean;
let tries: number;
let largest: number;

beforeEach(() => {
  const clock = movableClock();
  store = memoryHistory(clock);
  [isAway, tries, largest] = [true, 0, 0];
  const orAway = <T>(write: () => Promise<T>): Promise<T> => {
    tries += 1;
    return isAway ? Promise.reject(new Error('away')) : write();
  };
  history = createHistory({
    store: {
      ...store,
      addFetches(fetches) {
        largest = Math.max(largest, fetches.length);
        return orAway(() => store.addFetches(fetches));
      },
      addCounts: (counts) => orAway(() => store.addCounts(counts)),
      complete: (...args) => orAway(() => store.complete(...args)),
    },
    clock,
    settings: { keepMs: Infinity, maxRows: Infinity },
    onStoreError: () => undefined,
  });
});
afterEach(() => history.stop());

const fetchOf = (appId: string): ListFetch => ({
  ...{ appId, at: 0, durationMs: 1, outcome: 'timeout', requestId: 'r-1' },
  ...{ bytes: undefined, friends: undefined, chatrooms: undefined, ghs: undefined },
});

test('what the store did not take is written once it takes it, although nothing else happens', async () => {
  history.counted('crm', 'ok');
  expect(await eventually(() => tries > 0)).toBe(true);
  isAway = false;
  expect(await eventually(async () => (await store.countsSince(0)).length > 0)).toBe(true);
  expect(await store.countsSince(0)).toMatchObject([{ client: 'crm', code: 'ok', count: 1 }]);
});

test('however much waits for a store that is away, it is not tried again with each request, and is written in small batches', async () => {
  const startedAt = performance.now();
  for (let i = 0; i < 3000; i += 1) {
    history.fetched(fetchOf(`wx_${i}`));
    if (i % 100 === 0) await new Promise(setImmediate);
  }
  // Once when much is waiting, and then once a second.
  const seconds = (performance.now() - startedAt) / 1000;
  expect(tries).toBeLessThan(3 + seconds);
  isAway = false;
  expect(await history.fetches('wx_0')).toHaveLength(1);
  expect(await store.activity(undefined, 5000)).toHaveLength(3000);
  expect(largest).toBeLessThanOrEqual(1000);
});

test('the outcome of an attempt is written once the store takes it', async () => {
  const id = await store.begin(entryOf());
  await expect(history.complete('wx_a', id, { kind: 'sent', ret: 200 })).rejects.toThrow('away');
  isAway = false;
  expect(await history.attempts('wx_a', ALL)).toMatchObject([
    { outcome: { kind: 'sent', ret: 200 } },
  ]);
});
