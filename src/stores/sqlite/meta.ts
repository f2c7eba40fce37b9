import type { DatabaseSync } from 'node:sqlite';

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
