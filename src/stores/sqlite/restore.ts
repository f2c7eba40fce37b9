import { randomInt } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DatabaseSync } from 'node:sqlite';

import { quotasBlockedUntil } from '../../add-contacts/after-restore.ts';
import type { Clock } from '../../time.ts';
import { StoreCommandError, StoreOpenError } from '../stores.ts';
import { contentsOf, type Contents, type FileWork } from './backup.ts';
import { lockFile, refuseLockedHere, type FileLock } from './file-lock.ts';
import { inspectFile, isOfAnotherProgram, refuseForeignLog, schemaCookie } from './file.ts';
import { inWorker } from './in-worker.ts';
import { readFact, removeFact, takeOverBackup } from './meta.ts';
import { schemaVersion } from './migrations.ts';
import {
  chownLike,
  createPartial,
  removePartial,
  sizeOf,
  syncFolderOf,
  syncPath,
} from './whole-file.ts';

export interface Restored extends Contents {
  /** When the backup was made, milliseconds since the epoch; undefined if it does not say. */
  readonly backedUpAt: number | undefined;
  /** Where the database of before is now; undefined if there was none. */
  readonly kept: string | undefined;
  /** Until when quotas count as used up, milliseconds since the epoch; undefined if they do not. */
  readonly blockedUntil: number | undefined;
}

interface Options {
  readonly clock: Clock;
  /** Whether what was charged since the backup is forgotten. */
  readonly forgetGap: boolean;
}

/** Schema numbers that copies made by SQLite do not have: see `mark` in database.ts. */
const COOKIES = [2 ** 20, 2 ** 31 - 1] as const;

/**
 * Puts a copy of `file` in the place of the database at `path`, which no gateway may be using. At each moment there is either
 * the whole database of before or the whole copy. Throws, or rejects, with a StoreOpenError or a StoreCommandError.
 */
export function startRestore(path: string, file: string, options: Options): FileWork<Restored> {
  refuseUnusable(file, path);
  const isNew = !existsSync(path);
  const lock = lockPlace(path);
  const place = realpathSync(path);
  const total = sizeOf(file) + sizeOf(`${file}-wal`);
  const partial = createPartial(place);
  const abandon = () => {
    removePartial(partial);
    if (isNew && sizeOf(place) === 0) rmSync(place, { force: true });
  };

  async function restore(): Promise<Restored> {
    await copyWithLog(file, partial);
    await checkCopy(file, partial);
    const { restoredAt, ...facts } = prepareCopy(partial, options);
    chownLike(partial, place);
    syncPath(partial);
    const kept = replace(place, partial, lock, options.clock.now());
    const blockedUntil = restoredAt === undefined ? undefined : quotasBlockedUntil(restoredAt);
    return { ...facts, kept, blockedUntil };
  }

  const done = restore()
    .catch((error: unknown) => {
      abandon();
      throw inWords(file, error);
    })
    .finally(() => lock.release());
  const copied = () => sizeOf(partial) + sizeOf(`${partial}-wal`);
  return { done, progress: () => Math.min(1, copied() / total), abandon };
}

/** Before anything is touched. */
function refuseUnusable(file: string, path: string): void {
  const no = (problem: string, remedy = 'Name a backup of a gateway') => {
    throw new StoreCommandError(`${file} cannot be restored: ${problem}`, remedy);
  };
  if (!existsSync(file)) no('there is no such file');
  if (existsSync(path) && realpathSync(file) === realpathSync(path)) {
    no('it is the database of the gateway itself');
  }
  if (sizeOf(file) === 0) no('it is empty');
  try {
    inspectFile(file);
  } catch (error) {
    if (!(error instanceof StoreOpenError)) throw error;
    no(error.problem);
  }
  if (existsSync(path) && !statSync(path).isFile()) {
    throw new StoreOpenError(path, 'it is not a regular file', 'Point STORE_URL at a file');
  }
  if (isOfAnotherProgram(path)) {
    throw new StoreOpenError(
      path,
      'the file is a SQLite database of another program',
      'Point STORE_URL at another path; this file was left as it is',
    );
  }
}

/** Keeps gateways out. If there is no file yet, an empty one takes its place. */
function lockPlace(path: string): FileLock {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  refuseLockedHere(path);
  if (!existsSync(path)) {
    closeSync(openSync(path, 'a', 0o600));
    chownLike(path, dirname(path));
  }
  return lockFile(path);
}

/** A copy that was made by hand may have its log beside it. Only the copy of both is opened: a backup stays as it is. */
async function copyWithLog(file: string, partial: string): Promise<void> {
  await pipeline(createReadStream(file), createWriteStream(partial));
  const log = `${file}-wal`;
  if (sizeOf(log) === 0) return;
  await pipeline(createReadStream(log), createWriteStream(`${partial}-wal`, { mode: 0o600 }));
}

async function checkCopy(file: string, partial: string): Promise<void> {
  try {
    await inWorker({ kind: 'check', path: partial });
  } catch (error) {
    throw new StoreCommandError(
      `${file} cannot be restored: ${(error as Error).message}`,
      'Use an older backup',
      error,
    );
  }
}

/** Makes it one file without a log, with facts about this restore. */
function prepareCopy(
  partial: string,
  { clock, forgetGap }: Options,
): Contents & Pick<Restored, 'backedUpAt'> & { readonly restoredAt: number | undefined } {
  // Changing the schema's number is forbidden otherwise.
  const db = new DatabaseSync(partial, { defensive: false });
  try {
    if (schemaVersion(db) === 0) throw new Error('it is empty');
    db.exec('PRAGMA journal_mode = DELETE');
    const backedUpAt = readFact(db, 'backed-up-at');
    const restoredAt = forgetGap ? undefined : takeOverBackup(db, clock.now());
    if (forgetGap) removeFact(db, 'backed-up-at');
    // A log that is left beside it belongs to another file, even if this is a plain copy of that one.
    db.exec(`PRAGMA schema_version = ${randomInt(...COOKIES)}`);
    return { ...contentsOf(db, sizeOf(partial)), backedUpAt, restoredAt };
  } finally {
    db.close();
  }
}

/**
 * From here on a crash leaves the database of before with its log, or the copy. If it leaves the copy beside the log of the
 * other one, the gateway does not start and says so.
 *
 * @returns where the database of before is kept
 */
function replace(place: string, partial: string, lock: FileLock, now: number): string | undefined {
  const log = `${place}-wal`;
  let kept: string | undefined;
  if (sizeOf(place) > 0 || sizeOf(log) > 0) {
    foldLog(place, lock);
    kept = nameToKeep(place, now);
    keepAs(place, kept);
    if (sizeOf(log) > 0) keepAs(log, `${kept}-wal`);
    lock.record(schemaCookie(place) || randomInt(...COOKIES));
    syncFolderOf(place);
  }
  renameSync(partial, place);
  syncFolderOf(place);
  rmSync(log, { force: true });
  rmSync(`${place}-shm`, { force: true });
  syncFolderOf(place);
  return kept;
}

/** So that what is kept is one file, if it can be opened. */
function foldLog(place: string, lock: FileLock): void {
  let db: DatabaseSync | undefined;
  try {
    inspectFile(place);
    refuseForeignLog(place, lock.mark);
    db = new DatabaseSync(place);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch {
    // It is damaged, or the log is not its own: both are kept as they are.
  } finally {
    db?.close();
  }
}

/** A second name for the same file, which needs no space; on a disk that cannot have one, a copy. */
function keepAs(path: string, name: string): void {
  try {
    linkSync(path, name);
  } catch {
    copyFileSync(path, name, constants.COPYFILE_EXCL);
    chownLike(name, path);
    syncPath(name);
  }
}

/** Such as `gateway.db.before-restore-20260101T120000Z`, with a number after it if there is one of this second. */
function nameToKeep(place: string, now: number): string {
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  const name = `${place}.before-restore-${stamp}`;
  const isTaken = (one: string) => existsSync(one) || existsSync(`${one}-wal`);
  let free = name;
  for (let number = 2; isTaken(free); number += 1) free = `${name}-${number}`;
  return free;
}

function inWords(file: string, error: unknown): Error {
  if (error instanceof StoreCommandError || error instanceof StoreOpenError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC') {
    return new StoreCommandError('The disk of the store is full', 'Free some space', error);
  }
  return new StoreCommandError(
    `${file} cannot be restored: ${message}`,
    'The store was left as it was',
    error,
  );
}
