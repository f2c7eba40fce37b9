import type { DatabaseSync } from 'node:sqlite';

import { inTransaction } from './transaction.ts';

/** Facts about the file itself, in its table `meta`. Instants are milliseconds since the epoch. */
export type Fact =
  /** In a backup: when it was made. */
  | 'backed-up-at'
  /** When a backup was put in place of the file of before, if its quotas count as used up since. */
  | 'restored-at';

export function readFact(db: DatabaseSync, fact: Fact): number | undefined {
  const row = db.prepare('SELECT value FROM meta WHERE name = ?').get(fact);
  return row?.['value'] as number | undefined;
}

export function writeFact(db: DatabaseSync, fact: Fact, value: number): void {
  db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)').run(fact, value);
}

export function removeFact(db: DatabaseSync, fact: Fact): void {
  db.prepare('DELETE FROM meta WHERE name = ?').run(fact);
}

/**
 * When the file was restored; undefined if it never was. A backup that was put in place by hand counts as restored when a gateway
 * first opens it, at `now`.
 */
export function restoredAt(db: DatabaseSync, now: number): number | undefined {
  return readFact(db, 'backed-up-at') === undefined ? readFact(db, 'restored-at') : now;
}

/** The same, and it is so from now on. */
export function takeOverRestore(db: DatabaseSync, now: number): number | undefined {
  const at = restoredAt(db, now);
  if (at !== now) return at;
  return inTransaction(db, () => {
    writeFact(db, 'restored-at', now);
    removeFact(db, 'backed-up-at');
    return now;
  });
}
