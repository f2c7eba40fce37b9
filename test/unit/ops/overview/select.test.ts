import { describe, expect, test } from '@jest/globals';
import {
  NO_TROUBLES,
  ACCOUNTS_PER_PAGE,
  selectAccounts,
  STALE_AFTER_MS,
  findTroubles,
  type AccountQuery,
} from '../../../../src/ops/overview/select.ts';
import type { AccountSummary } from '../../../../src/ops/overview/summaries.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const HOUR_MS = 3_600_000;

function account(appId: string, facts: Partial<AccountSummary> = {}): AccountSummary {
  return {
    appId,
    onlineSince: undefined,
    list: undefined,
    lastAttemptAt: undefined,
    refusedToday: 0,
    lastFetch: undefined,
    ...facts,
  };
}

const list = (ageMs: number, bytes = 100) =>
  ({ savedAt: NOW - ageMs, bytes, source: 'live' }) as const;
const fetch = (outcome: NonNullable<AccountSummary['lastFetch']>['outcome'], agoMs = HOUR_MS) =>
  ({ at: NOW - agoMs, durationMs: 60_000, outcome }) as const;

const ALL: AccountQuery = {
  search: '',
  filter: 'all',
  sort: 'app-id',
  descending: false,
  page: 1,
};
const select = (all: readonly AccountSummary[], query: Partial<AccountQuery>) =>
  selectAccounts(all, { ...ALL, ...query }, NOW);
const names = (rows: readonly AccountSummary[]) => rows.map(({ appId }) => appId).join(' ');

describe('selectAccounts', () => {
  const some = [
    account('wx_a', { list: list(2 * HOUR_MS, 10), refusedToday: 1 }),
    account('wx_b', { onlineSince: { at: 5, by: 'seen' }, lastAttemptAt: 7 }),
    account('WX_C', { list: list(STALE_AFTER_MS + 1, 30), lastAttemptAt: 9 }),
    account('wx_d', { list: list(STALE_AFTER_MS, 20), onlineSince: { at: 4, by: 'seen' } }),
  ];

  test.each<[Partial<AccountQuery>, string]>([
    [{}, 'wx_a wx_b WX_C wx_d'],
    [{ descending: true }, 'wx_d WX_C wx_b wx_a'],
    [{ search: 'x_c' }, 'WX_C'],
    [{ search: 'nobody' }, ''],
    [{ filter: 'stale' }, 'WX_C'],
    [{ filter: 'refused-today' }, 'wx_a'],
    [{ filter: 'stale', search: 'wx_a' }, ''],
    // Accounts without what is sorted by come last, in both directions.
    [{ sort: 'list-age' }, 'wx_a wx_d WX_C wx_b'],
    [{ sort: 'list-age', descending: true }, 'WX_C wx_d wx_a wx_b'],
    [{ sort: 'list-bytes' }, 'wx_a wx_d WX_C wx_b'],
    [{ sort: 'online-since' }, 'wx_d wx_b wx_a WX_C'],
    [{ sort: 'last-attempt', descending: true }, 'WX_C wx_b wx_a wx_d'],
  ])('%j selects and orders', (query, expected) => {
    expect(names(select(some, query).rows)).toBe(expected);
  });

  test('cuts pages, and gives the last one for a page that is too high', () => {
    const many = Array.from({ length: ACCOUNTS_PER_PAGE + 1 }, (_, i) => account(`wx_${i}`));
    expect(select(many, {})).toMatchObject({ total: 51, page: 1, pages: 2 });
    expect(select(many, {}).rows).toHaveLength(ACCOUNTS_PER_PAGE);
    for (const page of [2, 99]) {
      expect(select(many, { page })).toEqual({
        rows: [many[ACCOUNTS_PER_PAGE]],
        total: 51,
        page: 2,
        pages: 2,
      });
    }
    expect(select([], {})).toEqual({ rows: [], total: 0, page: 1, pages: 1 });
    expect(select(many, { page: 0 }).page).toBe(1);
  });
});

describe('findTroubles', () => {
  test('gives each reason', () => {
    const summary = account('wx_a', {
      list: list(2 * STALE_AFTER_MS),
      refusedToday: 3,
      lastFetch: fetch('timeout'),
    });
    expect(findTroubles([summary], NOW).worst).toEqual([
      {
        summary,
        troubles: [
          { kind: 'fetch-failed', outcome: 'timeout' },
          { kind: 'stale-list', ageMs: 2 * STALE_AFTER_MS },
          { kind: 'refused-today', count: 3 },
        ],
      },
    ]);
  });

  test('leaves out accounts that are well: a fetch that a stop ended, or whose list came from elsewhere', () => {
    const well = [
      account('wx_new'),
      account('wx_fetched', { list: list(HOUR_MS), lastFetch: fetch('list') }),
      account('wx_stopped', { lastFetch: fetch('aborted') }),
      account('wx_polled', { list: list(HOUR_MS + 30_000), lastFetch: fetch('timeout') }),
      account('wx_later', { list: list(1000), lastFetch: fetch('unreachable') }),
    ];
    expect(findTroubles(well, NOW)).toEqual(NO_TROUBLES);
  });

  test('orders by the number of reasons, then by the oldest list, then by refusals', () => {
    const all = [
      account('wx_1', { refusedToday: 1 }),
      account('wx_9', { refusedToday: 9 }),
      account('wx_old', { list: list(2 * STALE_AFTER_MS) }),
      account('wx_older', { list: list(3 * STALE_AFTER_MS) }),
      account('wx_two', { refusedToday: 1, lastFetch: fetch('invalid') }),
    ];
    const found = (limit?: number) => findTroubles(all, NOW, limit);
    const worst = (limit?: number) => names(found(limit).worst.map(({ summary }) => summary));
    expect(worst()).toBe('wx_two wx_older wx_old wx_9 wx_1');
    expect(worst(2)).toBe('wx_two wx_older');
    expect(found(2)).toMatchObject({
      total: 5,
      counts: { 'refused-today': 3, 'stale-list': 2, 'fetch-failed': 1 },
    });
  });
});
