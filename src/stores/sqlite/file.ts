import { closeSync, existsSync, openSync, readSync, realpathSync, statSync } from 'node:fs';

import { StoreOpenError } from '../stores.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';
import { brokenFile } from './open-failure.ts';

const MAGIC = Buffer.from('SQLite format 3\0', 'latin1');
const HEADER_BYTES = 100;

/**
 * Throws if the file at `path` is not ours, before SQLite opens it: opening alone can change a database, by applying its
 * log. Offsets: https://www.sqlite.org/fileformat2.html#the_database_header
 */
export function inspectFile(path: string): void {
  const header = readHeader(path);
  // SQLite itself leaves an empty file if it is stopped before its first write.
  if (header.length === 0) {
    refuseOrphanedLog(path);
    return;
  }
  if (!isSqlite(header)) {
    throw brokenFile(path, 'the file is not a SQLite database');
  }
  if (isForeign(header)) {
    throw new StoreOpenError(
      path,
      'the file is a SQLite database of another program',
      'Point STORE_URL at another path; this file was left as it is',
    );
  }
  refuseNewerVersion(path, header.readInt32BE(60));
}

/** Whether the file is a SQLite database that is not ours. */
export function isOfAnotherProgram(path: string): boolean {
  const header = readHeader(path);
  return isSqlite(header) && isForeign(header);
}

function isSqlite(header: Buffer): boolean {
  return header.length === HEADER_BYTES && header.subarray(0, MAGIC.length).equals(MAGIC);
}

/** Our id is written before the log is switched on, so it is always in the file itself. */
function isForeign(header: Buffer): boolean {
  return header.readInt32BE(68) !== APPLICATION_ID;
}

/** Throws if a newer gateway has written the file. */
export function refuseNewerVersion(path: string, version: number): void {
  if (version <= MIGRATIONS.length) return;
  throw new StoreOpenError(
    path,
    `its schema has version ${version}, and this gateway knows versions up to ${MIGRATIONS.length}`,
    'Run the newer gateway that wrote it, or restore a copy from before the upgrade',
  );
}

/** At most the first 100 bytes; none for a file that does not exist. */
function readHeader(path: string): Buffer {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return Buffer.alloc(0);
  if (!found.isFile()) {
    const what = found.isDirectory() ? 'a directory' : 'not a regular file';
    throw new StoreOpenError(path, `it is ${what}`, 'Point STORE_URL at a file');
  }
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    return header.subarray(0, readSync(file, header, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

/** The number that changes with the schema. A copy that SQLite makes has another one. 0 for a file that is no database. */
export function schemaCookie(path: string): number {
  const header = readHeader(path);
  return isSqlite(header) ? header.readInt32BE(40) : 0;
}

/**
 * Throws if the log next to the file was written for another file. SQLite would apply it all the same, and bring back what
 * a restored copy should replace, or damage it.
 *
 * @param cookie the schema's number in the file that the log was written for; 0 if unknown
 */
export function refuseForeignLog(path: string, cookie: number): void {
  const file = realpathSync(path);
  const log = `${file}-wal`;
  if (cookie === 0 || (statSync(log, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  if (schemaCookie(path) === cookie) return;
  throw new StoreOpenError(
    path,
    `${log} was written for another file than the one that is there now, which may be a restored copy`,
    `To start with the copy, move ${log} and ${file}-shm away: whatever exists only in them will be missing. ` +
      `If the two belong together, because both were restored or the schema was changed by hand, delete ${file}-lock ` +
      'while no gateway runs. Otherwise put back the file that was there before. Nothing was changed',
  );
}

/** The log has the latest charges. SQLite would delete it when it makes a new file next to it. */
function refuseOrphanedLog(path: string): void {
  const log = `${existsSync(path) ? realpathSync(path) : path}-wal`;
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) === 0) return;
  throw brokenFile(path, `the file is missing or empty, but ${log} holds data of it`);
}

/**
 * Remembers the files of an open database. SQLite keeps writing into files that were deleted or replaced, and what it
 * writes there is lost: https://www.sqlite.org/howtocorrupt.html#unlink_or_rename_a_database_file_while_in_use
 *
 * @returns a check that throws if other files have their names now, or none
 */
export function rememberPlace(path: string): () => void {
  // With a symlink, the log is beside the file itself.
  const names = [path, `${realpathSync(path)}-wal`];
  const opened = names.map(identityOf);
  return () => {
    const missing = names.find((name, i) => identityOf(name) !== opened[i]);
    if (missing === undefined) return;
    throw new Error(
      `${missing} was deleted or replaced while in use. Move the same file back, or restart the gateway`,
    );
  };
}

function identityOf(name: string): string {
  const found = statSync(name, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? 'none' : `${found.dev}:${found.ino}`;
}
