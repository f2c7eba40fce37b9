import { chownSync, closeSync, existsSync, openSync, realpathSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { StoreOpenError } from '../stores.ts';
import { asStoreOpenError, isBusy, isFull } from './open-failure.ts';

/** How long the start waits for whoever looks at the lock, or is about to give it up. */
const BUSY_TIMEOUT_MS = 2000;

/** Names of what this process has locked, and what holds it: a connection that is forgotten would be closed. */
const held = new Map<string, DatabaseSync>();

/** A claim that nobody else opens a file. The system holds it until this process ends, however it ends. */
export interface FileLock {
  /** What the last holder recorded; 0 for nothing. */
  readonly mark: number;
  /** Writes down for the next holder, together with the number of this process. */
  record(mark: number): void;
  release(): void;
}

/** Throws where this process has the file of this path open already. Touches nothing. */
export function refuseLockedHere(path: string): void {
  if (!existsSync(path) || !held.has(lockNameOf(path))) return;
  throw new StoreOpenError(
    path,
    'this process has it open already',
    'Close that store first; one gateway runs on one file',
  );
}

/**
 * Locks the existing file at `path`, by whatever symlink. Node has no lock of files, so this is the write lock of a SQLite
 * database beside it: others can still read it, and with it who we are. The lock is not the file's own, so that
 * backups can be made meanwhile. It is never deleted: two processes could then hold locks of the same name.
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

/** Of the same owner as the file: root may have looked at it before the gateway's user starts. SQLite does the same. */
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
    // Of two that start in the same instant either may win, and the number may be our own.
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
