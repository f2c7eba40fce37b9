import type { DatabaseSync } from 'node:sqlite';

import { COUNTS_KEPT_MS, type HistoryLimits, type HistoryStore } from '../../history/ports.ts';
import type { Clock } from '../../time.ts';
import type { GroupCommit } from './transaction.ts';

/** With a million rows, a batch of 500 stopped the whole process for 20 ms. */
const PRUNED_AT_ONCE = 100;

/** Accounts that are looked at each time, in turn: there may be hundreds of thousands. */
const LOOKED_AT = 1000;

const JOURNALS = ['journal_attempts', 'journal_refusals', 'journal_actions'] as const;

/** Drops what is too old or too much, from the lowest ids on. Calls must not overlap. */
export function sqlitePruning(
  db: DatabaseSync,
  clock: Pick<Clock, 'now'>,
  { writeSoon }: Pick<GroupCommit, 'writeSoon'>,
): Pick<HistoryStore, 'prune'> {
  const parts = [...JOURNALS.map((table) => journalPruning(db, table)), activityPruning(db)];
  const dropCounts = db.prepare(
    `DELETE FROM client_counts WHERE (bucket, client, code) IN
       (SELECT bucket, client, code FROM client_counts WHERE bucket < ? LIMIT ?)`,
  );

  return {
    async prune(limits) {
      const { dropped, commits } = await writeSoon(() => {
        let left = PRUNED_AT_ONCE;
        const all = parts.map((part) => {
          const batch = part.drop(limits, left);
          left -= batch.dropped;
          return batch.committed;
        });
        left -= Number(dropCounts.run(clock.now() - COUNTS_KEPT_MS, left).changes);
        return { dropped: PRUNED_AT_ONCE - left, commits: all };
      });
      for (const committed of commits) committed();
      return dropped;
    },
  };
}

/** Drops entries, at most so many, within a transaction. `committed` must be called once that is committed. */
interface Part {
  drop(limits: HistoryLimits, most: number): { readonly dropped: number; committed(): void };
}

/** How many rows a journal has up to an id. */
interface Counted {
  readonly rows: number;
  readonly upTo: number;
}

/**
 * Counts the rows of a journal once, and then only those that were added since: nobody else writes to the file, and
 * counting a million rows takes a tenth of a second.
 */
function journalPruning(db: DatabaseSync, table: (typeof JOURNALS)[number]): Part {
  const countAll = db.prepare(
    `SELECT (SELECT COUNT(*) FROM ${table}) AS rows, (SELECT MAX(id) FROM ${table}) AS upTo`,
  );
  const countSince = db.prepare(
    `SELECT COUNT(*) AS rows, MAX(id) AS upTo FROM ${table} WHERE id > ?`,
  );
  const oldest = db.prepare(`SELECT id, at FROM ${table} ORDER BY id LIMIT ?`);
  const remove = db.prepare(`DELETE FROM ${table} WHERE id <= ?`);
  let known: Counted | undefined;

  function count(): Counted {
    const row = known === undefined ? countAll.get() : countSince.get(known.upTo);
    const { rows, upTo } = row as { readonly rows: number; readonly upTo: number | null };
    return { rows: (known?.rows ?? 0) + rows, upTo: upTo ?? known?.upTo ?? 0 };
  }

  return {
    drop({ before, maxRows }, most) {
      const { rows, upTo } = count();
      const found = oldest.all(most) as unknown as { readonly id: number; readonly at: number }[];
      const kept = found.findIndex(({ at }, i) => at >= before && rows - i <= maxRows);
      const dropped = kept === -1 ? found.length : kept;
      if (dropped > 0) remove.run(found[dropped - 1]?.id ?? 0);
      const committed = () => {
        known = { rows: rows - dropped, upTo };
      };
      return { dropped, committed };
    },
  };
}

/**
 * Forgets accounts to which nothing has happened for long, with their fetches. Otherwise callers could fill the disk with
 * appIds that do not exist.
 */
function activityPruning(db: DatabaseSync): Part {
  const select = db.prepare(
    `SELECT app_id AS appId, MAX(COALESCE(attempt_at, 0), COALESCE(fetch_at, 0)) AS at
     FROM account_activity WHERE app_id > ? ORDER BY app_id LIMIT ${LOOKED_AT}`,
  );
  const removals = ['account_activity', 'list_fetches'].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE app_id = ?`),
  );
  let lookedUpTo = '';

  return {
    drop({ before }, most) {
      const looked = select.all(lookedUpTo) as unknown as { appId: string; at: number }[];
      const stale = looked.filter(({ at }) => at < before);
      const dropped = stale.slice(0, most);
      for (const { appId } of dropped) for (const removal of removals) removal.run(appId);
      const isAll = dropped.length === stale.length;
      const last = (isAll ? looked : dropped).at(-1)?.appId;
      const isEnd = isAll && looked.length < LOOKED_AT;
      const committed = () => {
        lookedUpTo = isEnd ? '' : (last ?? lookedUpTo);
      };
      return { dropped: dropped.length, committed };
    },
  };
}
