import type { DatabaseSync } from 'node:sqlite';

import { inTransaction } from './transaction.ts';

/** "GeWe" in ASCII. It identifies our files (PRAGMA application_id). */
export const APPLICATION_ID = 0x47655765;

/**
 * The steps from each version of the schema to the next. The version of a file is the number of steps it has taken.
 * Entries are only added, never changed. Instants are milliseconds since the epoch.
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
  `
  CREATE TABLE session_keys (
    id TEXT PRIMARY KEY,
    secret TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    retires_at INTEGER
  ) STRICT;

  -- Up to when the sessions of a subject have been ended; of the whole client where the subject is empty.
  CREATE TABLE session_ends (
    client TEXT NOT NULL,
    subject TEXT NOT NULL,
    ended_until INTEGER NOT NULL,
    PRIMARY KEY (client, subject)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX session_ends_by_instant ON session_ends (ended_until);
  `,
];

/**
 * Brings the schema up to date. Each step and its number are one transaction: a step that fails leaves the version before
 * it. Throws the errors of SQLite.
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

/** How many steps the file has taken; 0 for a new file. */
export function schemaVersion(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
}
