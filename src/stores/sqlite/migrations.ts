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
  `
  CREATE TABLE issuer_keys (
    source TEXT PRIMARY KEY,
    keys TEXT NOT NULL,
    fetched_at INTEGER NOT NULL
  ) STRICT;
  `,
  `
  -- The ids of the three journals come from one sequence. What is oldest has the lowest, and is dropped first.
  CREATE TABLE journal_attempts (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    app_id TEXT NOT NULL,
    client TEXT NOT NULL,
    subject TEXT,
    option INTEGER NOT NULL,
    target TEXT NOT NULL,
    request_id TEXT NOT NULL,
    -- pending, sent, refused (by the upstream), returned, unknown
    outcome TEXT NOT NULL,
    -- Until when a pending one is pending.
    until INTEGER NOT NULL,
    ret REAL,
    code TEXT,
    rule TEXT
  ) STRICT;
  CREATE INDEX journal_attempts_by_account ON journal_attempts (app_id);

  -- One row for all that differ only in target and request, in one minute (since the epoch).
  CREATE TABLE journal_refusals (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    app_id TEXT NOT NULL,
    client TEXT NOT NULL,
    subject TEXT,
    option INTEGER NOT NULL,
    target TEXT NOT NULL,
    request_id TEXT NOT NULL,
    code TEXT NOT NULL,
    rule TEXT,
    minute INTEGER NOT NULL,
    count INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX journal_refusals_by_account ON journal_refusals (app_id);
  CREATE INDEX journal_refusals_by_minute ON journal_refusals (app_id, minute);

  CREATE TABLE journal_actions (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    app_id TEXT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    before TEXT,
    after TEXT,
    request_id TEXT NOT NULL
  ) STRICT;
  CREATE INDEX journal_actions_by_account ON journal_actions (app_id);

  -- Numbered from 1 within an account.
  CREATE TABLE list_fetches (
    app_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    duration_ms REAL NOT NULL,
    outcome TEXT NOT NULL,
    bytes INTEGER,
    friends INTEGER,
    chatrooms INTEGER,
    ghs INTEGER,
    request_id TEXT NOT NULL,
    PRIMARY KEY (app_id, number)
  ) STRICT, WITHOUT ROWID;

  -- The last of what is in the journals and the fetches, so that all accounts can be read at once. The day is in days
  -- since the epoch.
  CREATE TABLE account_activity (
    app_id TEXT PRIMARY KEY,
    attempt_at INTEGER,
    refused_day INTEGER,
    refused_count INTEGER,
    fetch_at INTEGER,
    fetch_duration_ms REAL,
    fetch_outcome TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE client_counts (
    bucket INTEGER NOT NULL,
    client TEXT NOT NULL,
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (bucket, client, code)
  ) STRICT, WITHOUT ROWID;

  -- Has everything about a list but its content, so that an overview reads no list.
  CREATE INDEX lists_overview ON lists (app_id, saved_at, source, length(body));

  -- Unknown for keys from before.
  ALTER TABLE idempotency ADD COLUMN app_id TEXT;
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
