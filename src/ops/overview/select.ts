/** What of all accounts an operator sees. Pure. */
import type { ListFetch } from '../../history/ports.ts';
import type { AccountSummary } from './summaries.ts';

export interface AccountQuery {
  /** A part of an appId, in any case; empty for all. */
  readonly search: string;
  /** `stale`: the saved list is older than `STALE_AFTER_MS`. */
  readonly filter: 'all' | 'stale' | 'refused-today';
  readonly sort: 'app-id' | 'list-age' | 'list-bytes' | 'online-since' | 'last-attempt';
  readonly descending: boolean;
  /** From 1. */
  readonly page: number;
}

export interface SelectedAccounts {
  readonly rows: readonly AccountSummary[];
  /** How many there are on all pages. */
  readonly total: number;
  /** The page of these rows: the last one if there are fewer than were asked for. */
  readonly page: number;
  readonly pages: number;
}

export const ACCOUNTS_PER_PAGE = 50;
export const STALE_AFTER_MS = 24 * 3_600_000;

/**
 * One page of the accounts that match.
 *
 * @param all in the order of appId, which also orders those that are equal by what is sorted by
 * @param now milliseconds since the epoch
 */
export function selectAccounts(
  all: readonly AccountSummary[],
  { search, filter, sort, descending, page: wanted }: AccountQuery,
  now: number,
): SelectedAccounts {
  const part = search.toLowerCase();
  const found = all.filter(
    (account) => account.appId.toLowerCase().includes(part) && passes(account, filter, now),
  );
  const pages = Math.max(1, Math.ceil(found.length / ACCOUNTS_PER_PAGE));
  const page = Math.min(Math.max(1, Math.floor(wanted)), pages);
  const from = (page - 1) * ACCOUNTS_PER_PAGE;
  const rows = ordered(found, sort, descending).slice(from, from + ACCOUNTS_PER_PAGE);
  return { rows, total: found.length, page, pages };
}

function passes(account: AccountSummary, filter: AccountQuery['filter'], now: number): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'stale':
      return isStale(account, now);
    case 'refused-today':
      return account.refusedToday > 0;
    default:
      return filter satisfies never;
  }
}

function isStale({ list }: AccountSummary, now: number): boolean {
  return list !== undefined && now - list.savedAt > STALE_AFTER_MS;
}

/** What an account is sorted by, ascending. Accounts without it come last, in both directions. */
const VALUE_OF = {
  // The older the list, the earlier it was saved.
  'list-age': ({ list }) => list && -list.savedAt,
  'list-bytes': ({ list }) => list?.bytes,
  'online-since': ({ onlineSince }) => onlineSince?.at,
  'last-attempt': ({ lastAttemptAt }) => lastAttemptAt,
} satisfies Record<string, (account: AccountSummary) => number | undefined>;

function ordered(
  accounts: readonly AccountSummary[],
  sort: AccountQuery['sort'],
  descending: boolean,
): readonly AccountSummary[] {
  if (sort === 'app-id') return descending ? accounts.toReversed() : accounts;
  const valueOf: (account: AccountSummary) => number | undefined = VALUE_OF[sort];
  const sign = descending ? -1 : 1;
  return sortedBy(accounts, (account) => {
    const value = valueOf(account);
    return value === undefined ? Infinity : sign * value;
  });
}

/** In ascending order of a key, which is computed once for each: there may be very many. */
function sortedBy<T>(items: readonly T[], keyOf: (item: T) => number): T[] {
  const keyed = items.map((item) => ({ item, key: keyOf(item) }));
  // Infinity - Infinity is no number.
  return keyed.sort((a, b) => (a.key === b.key ? 0 : a.key - b.key)).map(({ item }) => item);
}

/** A reason why an operator should look at an account. */
export type Trouble =
  | { readonly kind: 'refused-today'; readonly count: number }
  | { readonly kind: 'stale-list'; readonly ageMs: number }
  /** The last fetch brought no list, and none has been saved since. */
  | { readonly kind: 'fetch-failed'; readonly outcome: ListFetch['outcome'] };

export interface TroubledAccount {
  readonly summary: AccountSummary;
  /** At least one. */
  readonly troubles: readonly Trouble[];
}

/** What is wrong with all accounts together. */
export interface Troubles {
  /**
   * The accounts that need an operator most: those with the most reasons first, then those with the oldest stale list,
   * then those with the most refusals.
   */
  readonly worst: readonly TroubledAccount[];
  /** How many accounts have any reason. */
  readonly total: number;
  /** How many have each. */
  readonly counts: Readonly<Record<Trouble['kind'], number>>;
}

export const NO_TROUBLES: Troubles = {
  worst: [],
  total: 0,
  counts: { 'refused-today': 0, 'stale-list': 0, 'fetch-failed': 0 },
};

/**
 * In one pass: with many accounts, sorting all would take longer than everything else.
 *
 * @param all in the order of appId, which also orders those that are equal
 * @param now milliseconds since the epoch
 * @param limit how many of the worst
 */
export function findTroubles(all: readonly AccountSummary[], now: number, limit = 20): Troubles {
  const worst: TroubledAccount[] = [];
  const counts = { ...NO_TROUBLES.counts };
  let total = 0;
  for (const summary of all) {
    const troubles = troublesOf(summary, now);
    if (troubles.length === 0) continue;
    total += 1;
    for (const { kind } of troubles) counts[kind] += 1;
    const account = { summary, troubles };
    const place = worst.findLastIndex((one) => byWorst(one, account) <= 0) + 1;
    if (place < limit) worst.splice(place, 0, account);
    if (worst.length > limit) worst.pop();
  }
  return { worst, total, counts };
}

function byWorst(a: TroubledAccount, b: TroubledAccount): number {
  return (
    b.troubles.length - a.troubles.length ||
    staleMs(b) - staleMs(a) ||
    b.summary.refusedToday - a.summary.refusedToday
  );
}

function staleMs({ troubles }: TroubledAccount): number {
  return troubles.reduce((ms, one) => (one.kind === 'stale-list' ? one.ageMs : ms), 0);
}

function troublesOf(account: AccountSummary, now: number): Trouble[] {
  const { list, lastFetch, refusedToday } = account;
  const troubles: Trouble[] = [];
  if (lastFetch !== undefined && hasFailed(lastFetch, list)) {
    troubles.push({ kind: 'fetch-failed', outcome: lastFetch.outcome });
  }
  if (list !== undefined && isStale(account, now)) {
    troubles.push({ kind: 'stale-list', ageMs: now - list.savedAt });
  }
  if (refusedToday > 0) troubles.push({ kind: 'refused-today', count: refusedToday });
  return troubles;
}

/** A stop of the gateway is nobody's failure. A list of GEWE's cache may be saved while the call itself fails. */
function hasFailed(
  { at, durationMs, outcome }: NonNullable<AccountSummary['lastFetch']>,
  list: AccountSummary['list'],
): boolean {
  if (outcome === 'list' || outcome === 'aborted') return false;
  return list === undefined || list.savedAt < at - durationMs;
}
