/** What happened, in the memory of the process. */
import {
  COUNTS_KEPT_MS,
  FETCHES_KEPT,
  type AccountActivity,
  type AttemptEntry,
  type AttemptOutcome,
  type ClientCount,
  type CountedRefusal,
  type HistoryLimits,
  type HistoryStore,
  type KeptAction,
  type ListFetch,
  type NewAttemptEntry,
  type Page,
} from '../history/ports.ts';
import type { Clock } from '../time.ts';

const DAY_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
const PRUNED_AT_ONCE = 500;

/** A history, and the part of it that the ledger writes. */
export interface MemoryHistory extends HistoryStore {
  /** Writes a pending entry at `at`. Returns its id. */
  beginAt(entry: NewAttemptEntry, at: number): string;
  completeNow(appId: string, id: string, outcome: AttemptOutcome): void;
}

export function memoryHistory(clock: Clock): MemoryHistory {
  // Maps keep their entries in the order in which they were added.
  const attempts = new Map<string, AttemptEntry>();
  const refusals = new Map<string, AttemptEntry>();
  const refusalIds = new Map<string, string>();
  const actions = new Map<string, KeptAction>();
  const fetches = new Map<string, readonly ListFetch[]>();
  const activities = new Map<string, AccountActivity>();
  const counts = new Map<string, ClientCount>();
  let lastId = 0;
  const nextId = () => String(++lastId);

  function noteActivity(appId: string, change: Partial<AccountActivity>): void {
    const before = activities.get(appId) ?? {
      appId,
      lastAttemptAt: undefined,
      refused: undefined,
      lastFetch: undefined,
    };
    activities.set(appId, { ...before, ...change });
  }

  function beginAt({ deadlineMs, ...facts }: NewAttemptEntry, at: number): string {
    const id = nextId();
    attempts.set(id, {
      ...facts,
      id,
      at,
      outcome: { kind: 'pending', until: at + deadlineMs },
      count: 1,
    });
    noteActivity(facts.appId, { lastAttemptAt: at });
    return id;
  }

  function completeNow(appId: string, id: string, outcome: AttemptOutcome): void {
    const entry = attempts.get(id);
    if (entry?.appId !== appId || entry.outcome.kind !== 'pending') return;
    attempts.set(id, { ...entry, outcome });
  }

  function addRefusal({ code, rule, count, ...facts }: CountedRefusal): void {
    const { appId, client, subject, at } = facts;
    const minute = Math.floor(at / MINUTE_MS);
    const key = JSON.stringify([appId, client, subject, code, rule, minute]);
    const known = refusals.get(refusalIds.get(key) ?? '');
    const id = known?.id ?? nextId();
    const outcome = { kind: 'refused', code, rule } as const;
    refusals.set(
      id,
      known ? { ...known, count: known.count + count } : { ...facts, id, outcome, count },
    );
    refusalIds.set(key, id);
    noteRefusals(appId, at, count);
  }

  /** They are written a moment later, so they may come after something later. */
  function noteRefusals(appId: string, at: number, count: number): void {
    const before = activities.get(appId);
    const lastAttemptAt = Math.max(at, before?.lastAttemptAt ?? at);
    const day = Math.floor(at / DAY_MS);
    const { day: lastDay, count: ofLastDay } = before?.refused ?? { day, count: 0 };
    if (day < lastDay) return noteActivity(appId, { lastAttemptAt });
    const ofDay = day === lastDay ? ofLastDay : 0;
    noteActivity(appId, { lastAttemptAt, refused: { day, count: ofDay + count } });
  }

  function prune({ before, maxRows }: HistoryLimits): number {
    const dropped = [attempts, refusals, actions].map((entries) =>
      dropOldest<{ readonly at: number }>(entries, before, maxRows),
    );
    for (const [key, { bucket }] of counts) {
      if (bucket < clock.now() - COUNTS_KEPT_MS) counts.delete(key);
    }
    for (const [key, id] of refusalIds) if (!refusals.has(id)) refusalIds.delete(key);
    for (const [appId, { lastAttemptAt = 0, lastFetch }] of activities) {
      if (Math.max(lastAttemptAt, lastFetch?.at ?? 0) >= before) continue;
      activities.delete(appId);
      fetches.delete(appId);
    }
    return dropped.reduce((sum, count) => sum + count, 0);
  }

  return {
    beginAt,
    completeNow,
    begin: async (entry) => beginAt(entry, clock.now()),
    complete: async (appId, id, outcome) => completeNow(appId, id, outcome),
    addRefusals: async (added) => added.forEach(addRefusal),
    async attempts(appId, page) {
      return pageOf([...attempts.values(), ...refusals.values()], appId, page);
    },
    async addAction(action) {
      const id = nextId();
      actions.set(id, { ...action, id });
    },
    async actions(appId, page) {
      return pageOf([...actions.values()], appId, page);
    },
    async allActions({ after, limit }) {
      return newestFirst([...actions.values()], after?.id).slice(0, limit);
    },
    async addFetches(added) {
      for (const fetch of added) {
        const { appId, at, durationMs, outcome } = fetch;
        fetches.set(appId, [fetch, ...(fetches.get(appId) ?? [])].slice(0, FETCHES_KEPT));
        noteActivity(appId, { lastFetch: { at, durationMs, outcome } });
      }
    },
    async fetches(appId) {
      return [...(fetches.get(appId) ?? [])];
    },
    async activity(after = '', limit) {
      const later = [...activities.values()].filter(({ appId }) => appId > after);
      return later.sort((a, b) => (a.appId < b.appId ? -1 : 1)).slice(0, limit);
    },
    async addCounts(added) {
      for (const { client, code, bucket, count } of added) {
        const key = JSON.stringify([client, code, bucket]);
        const before = counts.get(key)?.count ?? 0;
        counts.set(key, { client, code, bucket, count: before + count });
      }
    },
    async countsSince(from) {
      return [...counts.values()].filter(({ bucket }) => bucket >= from);
    },
    prune: async (limits) => prune(limits),
  };
}

interface Listed {
  readonly id: string;
  readonly appId: string;
}

function pageOf<T extends Listed>(
  entries: readonly T[],
  appId: string,
  { after, limit }: Page,
): T[] {
  const ofAccount = entries.filter((entry) => entry.appId === appId);
  return newestFirst(ofAccount, after).slice(0, limit);
}

/** Those that are older than the one with the id `after`. The higher the id, the newer. */
function newestFirst<T extends Listed>(entries: readonly T[], after: string | undefined): T[] {
  return entries
    .filter(({ id }) => after === undefined || Number(id) < Number(after))
    .sort((a, b) => Number(b.id) - Number(a.id));
}

/** Drops a batch of the entries that are too old or too many. Returns how many it had. */
function dropOldest<T extends { readonly at: number }>(
  entries: Map<string, T>,
  before: number,
  maxRows: number,
): number {
  let dropped = 0;
  for (const [id, { at }] of entries) {
    const isKept = at >= before && entries.size <= maxRows;
    if (isKept || dropped === PRUNED_AT_ONCE) break;
    entries.delete(id);
    dropped += 1;
  }
  return dropped;
}
