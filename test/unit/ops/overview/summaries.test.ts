import { describe, expect, test } from '@jest/globals';
import type { ListFetch } from '../../../../src/history/ports.ts';
import { BATCH } from '../../../../src/ops/overview/keyset.ts';
import { createSummaries } from '../../../../src/ops/overview/summaries.ts';
import { openMemoryStores } from '../../../../src/stores/memory.ts';
import { movableClock } from '../../../support/movable-clock.ts';

const DAY_MS = 24 * 3_600_000;
const BODY = Buffer.from('{}');

const fetchOf = (appId: string, at: number): ListFetch => ({
  appId,
  at,
  durationMs: 5,
  outcome: 'timeout',
  bytes: undefined,
  friends: undefined,
  chatrooms: undefined,
  ghs: undefined,
  requestId: 'r',
});

const refusalOf = (appId: string, at: number) => ({
  appId,
  client: 'crm',
  subject: undefined,
  option: 2 as const,
  target: 't',
  requestId: 'r',
  at,
  code: 'add-too-soon' as const,
  rule: 'add-gap',
  count: 2,
});

function open(declared: Record<string, number> = {}, unknown: 'start-now' | 'trust' = 'start-now') {
  const clock = movableClock();
  const stores = openMemoryStores(clock, 64 << 20);
  let reads = 0;
  const summaries = createSummaries({
    register: {
      list(after, limit) {
        reads += 1;
        return stores.accounts.list(after, limit);
      },
    },
    listIndex: stores.listIndex,
    history: stores.history,
    declared: new Map(Object.entries(declared)),
    unknown,
    clock,
  });
  return { clock, stores, summaries, reads: () => reads };
}

describe('summaries', () => {
  test('have every account that any part knows, each once, in the order of appId', async () => {
    const { clock, stores, summaries } = open({ wx_in_file: 5, wx_seen: 6 });
    await stores.accounts.seen('wx_seen', 1);
    await stores.accounts.declare('wx_declared', 2);
    await stores.accounts.seen('wx_only_seen', 3);
    await stores.lists.save('wx_list', { body: BODY, savedAt: 4, source: 'gewe-cache' });
    await stores.history.addFetches([fetchOf('wx_seen', 9)]);
    await stores.history.addRefusals([refusalOf('wx_tried', clock.now())]);

    const nothing = {
      onlineSince: undefined,
      list: undefined,
      lastAttemptAt: undefined,
      refusedToday: 0,
      lastFetch: undefined,
    };
    expect(await summaries.all()).toEqual([
      { ...nothing, appId: 'wx_declared', onlineSince: { at: 2, by: 'admin-api' } },
      { ...nothing, appId: 'wx_in_file', onlineSince: { at: 5, by: 'policy-file' } },
      { ...nothing, appId: 'wx_list', list: { savedAt: 4, bytes: 2, source: 'gewe-cache' } },
      { ...nothing, appId: 'wx_only_seen', onlineSince: { at: 3, by: 'seen' } },
      {
        ...nothing,
        appId: 'wx_seen',
        onlineSince: { at: 6, by: 'policy-file' },
        lastFetch: { at: 9, durationMs: 5, outcome: 'timeout' },
      },
      { ...nothing, appId: 'wx_tried', lastAttemptAt: clock.now(), refusedToday: 2 },
    ]);
  });

  test('do not date an account that the policy trusts to be old', async () => {
    const { stores, summaries } = open({}, 'trust');
    await stores.accounts.seen('wx_a', 1);
    expect(await summaries.all()).toMatchObject([{ appId: 'wx_a', onlineSince: undefined }]);
  });

  test('count the refusals of this day (UTC) only', async () => {
    const { clock, stores, summaries } = open();
    await stores.history.addRefusals([refusalOf('wx_a', clock.now())]);
    clock.advance(DAY_MS);
    expect(await summaries.all()).toMatchObject([{ refusedToday: 0 }]);
  });

  test('have every account also if one part knows many more than another', async () => {
    const { stores, summaries } = open({ wx_zz: 1, wx_0: 1 });
    const nameOf = (i: number) => `wx_${String(i).padStart(5, '0')}`;
    const count = 2 * BATCH + 1;
    for (let i = 0; i < count; i++) await stores.accounts.seen(nameOf(i), 1);
    for (const i of [0, 1, BATCH, count - 1, count + 5]) {
      await stores.lists.save(nameOf(i), { body: BODY, savedAt: 4, source: 'live' });
    }
    const all = await summaries.all();
    const appIds = all.map(({ appId }) => appId);
    const seen = Array.from({ length: count }, (_, i) => nameOf(i));
    expect(appIds).toEqual(['wx_0', ...seen, nameOf(count + 5), 'wx_zz']);
    expect(all.filter(({ list }) => list !== undefined)).toHaveLength(5);
  });

  test('are read once for all who ask at the same time, and again after two seconds', async () => {
    const { clock, summaries, reads } = open();
    await Promise.all([summaries.all(), summaries.all()]);
    clock.advance(1999);
    await summaries.all();
    expect(reads()).toBe(1);
    clock.advance(1);
    await summaries.all();
    expect(reads()).toBe(2);
  });

  test('reject while the store fails, and are read again afterwards', async () => {
    const { stores, clock } = open();
    let fails = true;
    const summaries = createSummaries({
      register: stores.accounts,
      listIndex: stores.listIndex,
      history: {
        async activity(after, limit) {
          if (fails) throw new Error('the disk is full');
          return stores.history.activity(after, limit);
        },
      },
      declared: new Map(),
      unknown: 'start-now',
      clock,
    });
    await expect(summaries.all()).rejects.toThrow('the disk is full');
    fails = false;
    expect(await summaries.all()).toEqual([]);
  });
});
