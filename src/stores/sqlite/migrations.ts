import type { DatabaseSync } from 'node:sqlite';

import { inTransaction } from './transaction.ts';

/** "GeWe" in ASCII: how a file is known to be ours (PRAGMA application_id). */
export const APPLICATION_ID = 0x47655765;

/**
 * The way from each version of the schema to the next; the version of a file is how many it has seen. Entries are
 * only ever added. Instants are milliseconds since the epoch.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE lists (
    app_id TEXT PRIMARY KEY,
    saved_at INTEGER NOT NULL,
    source TEXT NOT NULL,
    body BLOB NOT NULL
  ) STRICT;

  -- One row per charge, in the order in which the history of an account is read.
  CREATE TABLE attempts (
    app_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    attempt_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    PRIMARY KEY (app_id, at, attempt_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE accounts (
    app_id TEXT PRIMARY KEY,
    declared_online_since INTEGER,
    first_seen_at INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE idempotency (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    lease_until INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    answer BLOB
  ) STRICT;
  CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
  `,
];

/**
 * Brings the schema up to the last of `migrations`, each in a transaction of its own together with its number: a
 * step that fails leaves the version before it. Throws what SQLite throws.
 */
export function migrate(db: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  for (const [index, sql] of migrations.entries()) {
    inTransaction(db, () => {
      // Read inside: another process may have just done this step.
      if (schemaVersion(db) > index) return;
      db.exec(sql);
      db.exec(`PRAGMA user_version = ${index + 1}`);
    });
  }
}

/** How many migrations the file has seen; 0 for a new one. */
export function schemaVersion(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
}
