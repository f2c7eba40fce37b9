import type { DatabaseSync } from 'node:sqlite';

import { COUNTS_KEPT_MS, type HistoryLimits, type HistoryStore } from '../../history/ports.ts';
import type { Clock } from '../../time.ts';
import type { GroupCommit } from './transaction.ts';

/** With a million rows, a batch of 500 stopped the whole process for 20 ms. */
const PRUNED_AT_ONCE = 100;

const JOURNALS = ['journal_attempts', 'journal_refusals', 'journal_actions'] as const;

/** Drops what is too old or too much, from the lowest ids on. Calls must not overlap. */
export function sqlitePruning(
  db: DatabaseSync,
  clock: Pick<Clock, 'now'>,
  { writeSoon }: Pick<GroupCommit, 'writeSoon'>,
): Pick<HistoryStore, 'prune'> {
  const journals = JOURNALS.map((table) => journalPruning(db, table));
  const dropCounts = db.prepare(
    `DELETE FROM client_counts WHERE (bucket, client, code) IN
       (SELECT bucket, client, code FROM client_counts WHERE bucket < ? LIMIT ?)`,
  );

  return {
    async prune(limits) {
      const { dropped, commits } = await writeSoon(() => {
        let left = PRUNED_AT_ONCE;
        const all = journals.map((journal) => {
          const batch = journal.drop(limits, left);
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

/** How many rows a journal has up to an id. */
interface Counted {
  readonly rows: number;
  readonly upTo: number;
}

/**
 * Counts the rows of a journal once, and then only those that were added since: nobody else writes to the file, and
 * counting a million rows takes a tenth of a second.
 */
function journalPruning(db: DatabaseSync, table: (typeof JOURNALS)[number]) {
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
    /** Within a transaction. `committed` must be called once that is committed. */
    drop({ before, maxRows }: HistoryLimits, most: number) {
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
