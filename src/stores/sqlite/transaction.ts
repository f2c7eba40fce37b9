import type { DatabaseSync } from 'node:sqlite';

/**
 * Runs `work` with the write lock held from its first read on, and commits. Whatever throws, also the commit on a
 * full disk, is rolled back and thrown on, so that the connection is free for the next call. `work` is synchronous:
 * an `await` in it would let other calls into the transaction.
 */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  // Only if an earlier rollback failed as well, for example on a disk that was gone.
  if (db.isTransaction) db.exec('ROLLBACK');
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    rollBack(db);
    throw error;
  }
}

function rollBack(db: DatabaseSync): void {
  // Some errors, a full disk among them, have made SQLite roll back already.
  if (!db.isTransaction) return;
  try {
    db.exec('ROLLBACK');
  } catch {
    // The error that led here says more; the next transaction tries again.
  }
}
