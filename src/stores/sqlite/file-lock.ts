import { chownSync, closeSync, existsSync, openSync, realpathSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { StoreOpenError } from '../stores.ts';
import { asStoreOpenError, isBusy, isFull } from './open-failure.ts';

/** How long the start waits for a process that reads the lock or is about to release it. */
const BUSY_TIMEOUT_MS = 2000;

/** The locks of this process by name. A connection without a reference would be closed. */
const held = new Map<string, DatabaseSync>();

/** Keeps other gateways from opening a file. The system releases it when this process ends, however it ends. */
export interface FileLock {
  /** The mark that the last holder recorded; 0 for none. */
  readonly mark: number;
  /** Records a mark for the next holder, with the id of this process. */
  record(mark: number): void;
  release(): void;
}

/** Throws if this process has the file at this path open already. Changes nothing. */
export function refuseLockedHere(path: string): void {
  if (!existsSync(path) || !held.has(lockNameOf(path))) return;
  throw new StoreOpenError(
    path,
    'this process has it open already',
    'Close that store first; one gateway runs on one file',
  );
}

/**
 * Locks the existing file at `path`, also through a symlink. Node cannot lock files, so this is the write lock of a small
 * SQLite database next to it: others can still read in it which process we are, and the file itself can be backed up. It is
 * never deleted: two processes could then hold locks of the same name.
 */
export function lockFile(path: string): FileLock {
  const name = lockNameOf(path);
  let db: DatabaseSync | undefined;
  try {
    // Only if it is missing: closing a file drops all locks that this process has on it (POSIX).
    if (!existsSync(name)) create(name, path);
    const lock = new DatabaseSync(name);
    db = lock;
    lock.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    take(lock, path);
    held.set(name, lock);
    return {
      mark: numberIn(lock, 'application_id'),
      record(mark) {
        lock.exec(`PRAGMA user_version = ${process.pid}; PRAGMA application_id = ${mark}; COMMIT`);
        take(lock, path);
      },
      release() {
        held.delete(name);
        if (lock.isOpen) lock.close();
      },
    };
  } catch (error) {
    if (db?.isOpen) db.close();
    if (error instanceof StoreOpenError || isFull(error)) throw asStoreOpenError(path, error);
    throw new StoreOpenError(
      path,
      `its lock ${name} cannot be used (${(error as Error).message})`,
      'Let the user of the gateway write the file and its folder, on a disk that is not read-only',
      error,
    );
  }
}

/** With the owner of the file: root may run a command before the gateway's user starts it. SQLite does the same. */
function create(name: string, path: string): void {
  closeSync(openSync(name, 'a', 0o600));
  const { uid, gid } = statSync(path);
  if (process.getuid?.() === 0) chownSync(name, uid, gid);
}

function lockNameOf(path: string): string {
  return `${realpathSync(path)}-lock`;
}

function take(lock: DatabaseSync, path: string): void {
  try {
    lock.exec('BEGIN IMMEDIATE');
  } catch (error) {
    if (!isBusy(error)) throw error;
    const pid = numberIn(lock, 'user_version');
    // If two start in the same instant either may win, and the number may be our own.
    const which = pid === 0 || pid === process.pid ? '' : ` (process ${pid})`;
    throw new StoreOpenError(
      path,
      `another gateway${which} has it open`,
      'Stop that one first; one gateway runs on one file',
      error,
    );
  }
}

function numberIn(lock: DatabaseSync, pragma: 'user_version' | 'application_id'): number {
  return Number(lock.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
}
