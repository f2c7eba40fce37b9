import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { StoreOpenError } from '../store-open-error.ts';
import { inspectFile, refuseNewerVersion } from './inspect-file.ts';
import { APPLICATION_ID, migrate, schemaVersion } from './migrations.ts';
import { asStoreOpenError, brokenFile } from './open-failure.ts';

/** How long the start waits for a lock that another process holds. */
const OPEN_BUSY_TIMEOUT_MS = 2000;
/** The same for every call after that. The whole process stands still meanwhile, so a held lock is a failure soon. */
const BUSY_TIMEOUT_MS = 20;
/** What the log shrinks back to after a large write. */
const LOG_KEPT_BYTES = 8 * 1024 * 1024;
/** Where damage must not go unseen. */
const CHECKED_TABLES = ['meta', 'attempts', 'accounts', 'idempotency'];

/**
 * Opens the database at `path` with its schema up to date, and makes it and its folder where there is none. Throws a
 * StoreOpenError where what is there is broken, not ours, newer than we are, or cannot be written.
 */
export function openDatabase(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    // Lists of contacts are nobody else's business.
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    inspectFile(path);
    // SQLite would let everybody read it. Its log takes its mode from the file.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    db = new DatabaseSync(path);
    prepare(db, path);
    return db;
  } catch (error) {
    if (db?.isOpen) db.close();
    throw asStoreOpenError(path, error);
  }
}

function prepare(db: DatabaseSync, path: string): void {
  db.exec(`PRAGMA busy_timeout = ${OPEN_BUSY_TIMEOUT_MS}`);
  // Marked before the log is switched on, so that a look at the file alone tells whose it is.
  if (pragma(db, 'application_id') === 0) db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  // Again, now with what the log holds.
  const version = schemaVersion(db);
  refuseNewerVersion(path, version);
  if (pragma(db, 'journal_mode = WAL') !== 'wal') {
    throw new StoreOpenError(
      path,
      'its file system cannot share the memory that a write-ahead log needs',
      'Put the file on a local disk',
    );
  }
  // In WAL mode NORMAL would lose the last commits in a power cut, and a charge that is lost is sent again.
  db.exec('PRAGMA synchronous = FULL');
  // Who has a list forgotten does not expect its contacts to stay in the file.
  db.exec('PRAGMA secure_delete = ON');
  db.exec(`PRAGMA journal_size_limit = ${LOG_KEPT_BYTES}`);
  if (version > 0) checkTables(db, path);
  migrate(db);
  // SQLite opens what it may not write for reading only, without a word.
  checkWrite(db);
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
}

/**
 * A whole check reads the whole file, and nearly all of that is saved lists, of which a broken one is a miss. The
 * other tables are small however many accounts there are, so that checking them costs milliseconds.
 */
function checkTables(db: DatabaseSync, path: string): void {
  for (const table of CHECKED_TABLES) {
    const found = String(pragma(db, `quick_check(${table})`));
    if (found === 'ok') continue;
    throw brokenFile(path, `its table ${table} is damaged (${found.replace(/\s+/g, ' ')})`);
  }
}

/**
 * Writes a row that means nothing. Where the disk is full it may still succeed inside the log, but so would a charge.
 * Throws what SQLite throws.
 */
export function checkWrite(db: DatabaseSync): void {
  db.exec(
    `INSERT INTO meta (name, value) VALUES ('checks', 1)
     ON CONFLICT (name) DO UPDATE SET value = value + 1`,
  );
}

/** The first value that a PRAGMA answers. */
function pragma(db: DatabaseSync, text: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${text}`).get() ?? {})[0];
}
