import type { DatabaseSync } from 'node:sqlite';

import { isBusy } from './open-failure.ts';

/**
 * What a commit survives. `FULL` waits for the disk, and survives a power cut. `NORMAL` does not wait: it survives the
 * end of the process, and a power cut only after the next commit that waits. https://www.sqlite.org/pragma.html#pragma_synchronous
 */
type Durability = 'FULL' | 'NORMAL';

/**
 * Runs `work` with the write lock held from its first read on, and commits. Any error, including a failed commit on a
 * full disk, is rolled back and thrown on, so that the connection is free for the next call. `work` is synchronous:
 * an `await` in it would let other calls into the transaction.
 */
export function inTransaction<T>(
  db: DatabaseSync,
  work: () => T,
  durability: Durability = 'FULL',
): T {
  // Only if an earlier rollback failed as well, for example on a disk that was gone.
  if (db.isTransaction) db.exec('ROLLBACK');
  // Each transaction sets it, so that none inherits it from another.
  db.exec(`PRAGMA synchronous = ${durability}; BEGIN IMMEDIATE`);
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
    // The first error says more; the next transaction tries again.
  }
}

/** Small writes that share a transaction, and so wait for the disk once instead of once each. */
export interface GroupCommit {
  /**
   * Runs `work` in the next transaction, in the order of the calls. Resolves to its result once the transaction is on
   * disk; rejects with the error of `work` or of SQLite, and then nothing of it was written.
   *
   * @param work synchronous. It may run a second time if the transaction of the group fails.
   */
  write<T>(work: () => T): Promise<T>;
  /** Like `write`, but waits for the disk only if a write in the same transaction does. For what nobody waits for. */
  writeSoon<T>(work: () => T): Promise<T>;
  /** Runs `work` now, in a separate transaction that does not wait for the disk. Throws what `write` would reject with. */
  writeUnsynced<T>(work: () => T): T;
  /** Commits what is waiting, now. */
  flush(): void;
}

interface WaitingWrite {
  readonly durability: Durability;
  work(): unknown;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/**
 * Collects the writes of one turn of the event loop and commits them at its end. A sync costs as much for 64 charges
 * as for one: see docs/decisions/0016-group-commit.md.
 *
 * @param assertInPlace throws if the file is no longer at its path: what is written would be lost
 */
export function createGroupCommit(db: DatabaseSync, assertInPlace: () => void): GroupCommit {
  let waiting: WaitingWrite[] = [];

  function commit(group: readonly WaitingWrite[]): void {
    let results: unknown[];
    try {
      assertInPlace();
      const waits = group.some(({ durability }) => durability === 'FULL');
      results = inTransaction(db, () => group.map(({ work }) => work()), waits ? 'FULL' : 'NORMAL');
    } catch (error) {
      // One write that fails must not fail the others. For a lock the process would wait again each time.
      if (group.length > 1 && !isBusy(error)) for (const write of group) commit([write]);
      else for (const { reject } of group) reject(error);
      return;
    }
    for (const [index, { resolve }] of group.entries()) resolve(results[index]);
  }

  function flush(): void {
    const group = waiting;
    waiting = [];
    if (group.length > 0) commit(group);
  }

  function join<T>(work: () => T, durability: Durability): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // After all sockets that have something to read now: their writes come along.
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ work, durability, resolve: resolve, reject });
    });
  }

  return {
    write: (work) => join(work, 'FULL'),
    writeSoon: (work) => join(work, 'NORMAL'),
    writeUnsynced(work) {
      assertInPlace();
      return inTransaction(db, work, 'NORMAL');
    },
    flush,
  };
}
