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
  const backedUpAt = readFact(db, 'backed-up-at');
  return backedUpAt === undefined ? readFact(db, 'restored-at') : notBefore(backedUpAt, now);
}

/** The backup counts as restored now. Returns when that is. */
export function takeOverBackup(db: DatabaseSync, now: number): number {
  const at = notBefore(readFact(db, 'backed-up-at'), now);
  writeFact(db, 'restored-at', at);
  removeFact(db, 'backed-up-at');
  return at;
}

/** When the file was restored, which is so from now on. */
export function takeOverRestore(db: DatabaseSync, now: number): number | undefined {
  if (readFact(db, 'backed-up-at') === undefined) return readFact(db, 'restored-at');
  return inTransaction(db, () => takeOverBackup(db, now));
}

/** A clock that is behind the backup is wrong, and once it is set the gap would be over too soon. */
function notBefore(backedUpAt = -Infinity, now: number): number {
  return Math.max(backedUpAt, now);
}
