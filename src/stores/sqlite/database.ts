import { randomInt } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { StoreOpenError } from '../stores.ts';
import { lockFile, refuseLockedHere, type FileLock } from './file-lock.ts';
import { inspectFile, refuseForeignLog, refuseNewerVersion } from './file.ts';
import { APPLICATION_ID, migrate, schemaVersion } from './migrations.ts';
import { asStoreOpenError, brokenFile } from './open-failure.ts';

/** How long the start waits for a lock of another process. */
const OPEN_BUSY_TIMEOUT_MS = 2000;
/** The same for every later call. The whole process waits with it, so it must be short. */
const BUSY_TIMEOUT_MS = 20;
/** The size to which the log shrinks after a large write. */
const LOG_KEPT_BYTES = 8 * 1024 * 1024;
/** The tables in which damage must be noticed. */
const CHECKED_TABLES = ['meta', 'attempts', 'accounts', 'idempotency', 'session_keys'];

/** Marks of a file begin here. Copies that SQLite makes count from 1, or from the number of their original. */
const FIRST_MARK = 2 ** 20;
const LAST_MARK = 2 ** 31 - 1;

export interface OpenDatabase {
  readonly db: DatabaseSync;
  /** Closes it and frees the file for the next gateway; may be called again. */
  close(): void;
}

/**
 * Opens the database at `path` with its schema up to date, and makes it and its folder if they do not exist. Throws a
 * StoreOpenError if the file is in use, damaged, of another program, of a newer gateway, next to the log of another file,
 * or not writable.
 */
export function openDatabase(path: string): OpenDatabase {
  let db: DatabaseSync | undefined;
  let lock: FileLock | undefined;
  const close = () => {
    if (db?.isOpen) db.close();
    lock?.release();
  };
  try {
    // Lists of contacts are private.
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    refuseLockedHere(path);
    inspectFile(path);
    // SQLite would make it readable for everybody. The log gets the mode of the file.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    lock = lockFile(path);
    refuseForeignLog(path, lock.mark);
    lock.record(0);
    // `mark` does what is forbidden otherwise.
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
 * Gives the file a mark that no copy of it has, and empties the log into it. If a crash leaves a log, it belongs to the
 * file with this mark and to no other. The mark is the schema's number: SQLite changes it in every copy that it makes,
 * and each start changes it, so that a copy made while no gateway ran has an older one.
 *
 * @returns the mark, or 0 if another reader of the file prevents the log from being emptied
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
  // Before the log is switched on, so that the file alone says whose it is.
  if (pragma(db, 'application_id') === 0) db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  // Again, now with the content of the log.
  const version = schemaVersion(db);
  refuseNewerVersion(path, version);
  if (pragma(db, 'journal_mode = WAL') !== 'wal') {
    throw new StoreOpenError(
      path,
      'its file system cannot share the memory that a write-ahead log needs',
      'Put the file on a local disk',
    );
  }
  // In WAL mode NORMAL would lose the last commits in a power cut, and a lost charge means one request too many.
  db.exec('PRAGMA synchronous = FULL');
  // An operator who deletes a list does not expect its contacts to stay in the file.
  db.exec('PRAGMA secure_delete = ON');
  db.exec(`PRAGMA journal_size_limit = ${LOG_KEPT_BYTES}`);
  if (version > 0) checkTables(db, path);
  migrate(db);
  // SQLite silently opens a file for reading only if it may not write it.
  checkWrite(db);
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
}

/**
 * A check of the whole file would read all saved lists, and a broken list is only a miss. The other tables stay small
 * with any number of accounts: checking them takes milliseconds.
 */
function checkTables(db: DatabaseSync, path: string): void {
  for (const table of CHECKED_TABLES) {
    const found = String(pragma(db, `quick_check(${table})`));
    if (found === 'ok') continue;
    throw brokenFile(path, `its table ${table} is damaged (${found.replace(/\s+/g, ' ')})`);
  }
}

/**
 * Writes a row without meaning. On a full disk it may succeed if there is room in the log, but so would a charge. Throws
 * the errors of SQLite.
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
