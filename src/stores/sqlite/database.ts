import { randomInt } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { StoreOpenError } from '../stores.ts';
import { lockFile, refuseLockedHere, type FileLock } from './file-lock.ts';
import { inspectFile, refuseForeignLog, refuseNewerVersion } from './file.ts';
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

/** Where the numbers begin that mark a file: copies that SQLite makes count from 1, or on from their original. */
const FIRST_MARK = 2 ** 20;
const LAST_MARK = 2 ** 31 - 1;

export interface OpenDatabase {
  readonly db: DatabaseSync;
  /** Closes it and frees the file for the next gateway; may be called again. */
  close(): void;
}

/**
 * Opens the database at `path` with its schema up to date, and makes it and its folder where there is none. Throws a
 * StoreOpenError where what is there is in use, broken, not ours, newer than we are, beside a log of another file, or cannot
 * be written.
 */
export function openDatabase(path: string): OpenDatabase {
  let db: DatabaseSync | undefined;
  let lock: FileLock | undefined;
  const close = () => {
    if (db?.isOpen) db.close();
    lock?.release();
  };
  try {
    // Lists of contacts are nobody else's business.
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    refuseLockedHere(path);
    inspectFile(path);
    // SQLite would let everybody read it. Its log takes its mode from the file.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    lock = lockFile(path);
    refuseForeignLog(path, lock.mark);
    lock.record(0);
    // `mark` writes what is forbidden otherwise.
    db = new DatabaseSync(path, { defensive: false });
    prepare(db, path);
    lock.record(mark(db));
    return { db, close };
  } catch (error) {
    close();
    throw asStoreOpenError(path, error);
  }
}

/**
 * Gives the file a mark that no copy of it has, and empties the log into it. A log that a crash leaves was then written
 * for the file with this mark, and for no other. The mark is the schema's number: SQLite changes it in every copy that
 * it makes, and each start changes it, so that a copy made while no gateway ran has an older one.
 *
 * @returns the mark, or 0 where another reader of the file keeps the log from being emptied
 */
function mark(db: DatabaseSync): number {
  db.exec(`PRAGMA schema_version = ${randomInt(FIRST_MARK, LAST_MARK)}`);
  // Node 22 has neither this nor the ban.
  if ('enableDefensive' in db) db.enableDefensive(true);
  if (pragma(db, 'wal_checkpoint(TRUNCATE)') !== 0) return 0;
  return Number(pragma(db, 'schema_version'));
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

/** A BLOB as a Buffer on the same memory, without a copy: lists are large. */
export function asBuffer(blob: Uint8Array): Buffer {
  return Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
}

/** The first value in the answer of a PRAGMA. */
function pragma(db: DatabaseSync, text: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${text}`).get() ?? {})[0];
}
