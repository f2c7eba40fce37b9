import type { DatabaseSync } from 'node:sqlite';

import type { HistoryStore } from '../../history/ports.ts';
import type { Clock } from '../../time.ts';
import { sqliteActions } from './action-journal.ts';
import { sqliteActivity } from './activity.ts';
import { sqliteJournal, type SqliteJournal } from './attempt-journal.ts';
import { sqliteClientCounts } from './client-counts.ts';
import { sqliteFetches } from './fetch-history.ts';
import { sqlitePruning } from './history-pruning.ts';
import type { GroupCommit } from './transaction.ts';

/** The history in the tables of the file, with the part of it that the ledger writes. */
export function sqliteHistory(
  db: DatabaseSync,
  clock: Clock,
  group: Pick<GroupCommit, 'write' | 'writeSoon'>,
): HistoryStore & SqliteJournal {
  const nextId = idSequence(db);
  const { activity, ...writer } = sqliteActivity(db);
  return {
    ...sqliteJournal(db, { clock, group, activity: writer, nextId }),
    ...sqliteActions(db, group, nextId),
    ...sqliteFetches(db, group, writer),
    ...sqliteClientCounts(db, group),
    ...sqlitePruning(db, clock, group),
    activity,
  };
}

/** Ids that grow over all journals. The file belongs to one process, so it can count in memory. */
function idSequence(db: DatabaseSync): () => number {
  const last = db
    .prepare(
      `SELECT MAX(COALESCE((SELECT MAX(id) FROM journal_attempts), 0),
                  COALESCE((SELECT MAX(id) FROM journal_refusals), 0),
                  COALESCE((SELECT MAX(id) FROM journal_actions), 0)) AS id`,
    )
    .get();
  let id = Number(last?.['id']);
  return () => ++id;
}
