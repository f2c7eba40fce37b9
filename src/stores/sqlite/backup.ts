import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { Clock } from '../../time.ts';
import { StoreCommandError, StoreOpenError } from '../stores.ts';
import { lockFile } from './file-lock.ts';
import { inspectFile, refuseForeignLog } from './file.ts';
import { inWorker } from './in-worker.ts';
import { writeFact } from './meta.ts';
import { schemaVersion } from './migrations.ts';
import { asStoreOpenError, isFull } from './open-failure.ts';
import { createPartial, publish, refuseExisting, removePartial, sizeOf } from './whole-file.ts';

/** The contents of a backup or of a restored file. */
export interface Contents {
  readonly bytes: number;
  readonly lists: number;
  readonly charges: number;
  readonly accounts: number;
}

/** Work on files that takes its time. */
export interface FileWork<Result> {
  readonly done: Promise<Result>;
  /** How much of it is done, from 0 to 1. */
  progress(): number;
  /** Removes what is not complete, for a process that ends now. */
  abandon(): void;
}

/** How long a short question to the file waits for a lock of the gateway, milliseconds. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * Writes the database at `path`, which a gateway may be using, to a file that does not exist yet. Throws, or rejects, with a
 * StoreOpenError or a StoreCommandError.
 */
export function startBackup(path: string, file: string, clock: Clock): FileWork<Contents> {
  refuseUnusableTarget(file);
  const expected = bytesIn(path);
  const partial = createPartial(file);
  const abandon = () => removePartial(partial);

  async function write(): Promise<Contents> {
    // Before the first page is read: what is charged from now on may be missing.
    const at = clock.now();
    await inWorker({ kind: 'vacuum-into', from: path, to: partial });
    const contents = seal(partial, at);
    await inWorker({ kind: 'check', path: partial });
    publish(partial, file);
    return contents;
  }

  const done = write().catch((error: unknown) => {
    abandon();
    throw inWords(path, file, error);
  });
  return { done, progress: () => Math.min(1, sizeOf(partial) / expected), abandon };
}

function refuseUnusableTarget(file: string): void {
  refuseExisting(file);
  if (existsSync(dirname(file)) && statSync(dirname(file)).isDirectory()) return;
  throw new StoreCommandError(`There is no folder ${dirname(file)}`, 'Make it, or name another');
}

/** How large a copy of the database will be at most. Throws a StoreOpenError if there is none that can be read. */
function bytesIn(path: string): number {
  if (!existsSync(path)) {
    throw new StoreOpenError(path, 'there is no such file', 'See STORE_URL');
  }
  inspectFile(path);
  refuseForeignLogOfCrash(path);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    if (schemaVersion(db) === 0) {
      throw new StoreOpenError(path, 'it is empty', 'Start the gateway once, or see STORE_URL');
    }
    const pages = Number(db.prepare('PRAGMA page_count').get()?.['page_count']);
    return pages * Number(db.prepare('PRAGMA page_size').get()?.['page_size']);
  } catch (error) {
    throw asStoreOpenError(path, error);
  } finally {
    db?.close();
  }
}

/** Only while no gateway runs: the log of a running one is its own. The file is not kept from one that starts meanwhile. */
function refuseForeignLogOfCrash(path: string): void {
  let lock;
  try {
    lock = lockFile(path);
  } catch {
    return;
  }
  try {
    refuseForeignLog(path, lock.mark);
  } finally {
    lock.release();
  }
}

/** Writes into the copy when it was made, and counts what is in it. */
function seal(partial: string, at: number): Contents {
  const db = new DatabaseSync(partial);
  try {
    db.exec('PRAGMA journal_mode = MEMORY');
    writeFact(db, 'backed-up-at', at);
    return contentsOf(db, sizeOf(partial));
  } finally {
    db.close();
  }
}

export function contentsOf(db: DatabaseSync, bytes: number): Contents {
  const count = (table: string) =>
    Number(db.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.['count']);
  return {
    bytes,
    lists: count('lists'),
    charges: count('attempts'),
    accounts: count('accounts'),
  };
}

function inWords(path: string, file: string, error: unknown): Error {
  if (error instanceof StoreCommandError) return error;
  if (isFull(error) || (error as NodeJS.ErrnoException).code === 'ENOSPC') {
    return new StoreCommandError(`The disk of ${file} is full`, 'Free some space', error);
  }
  return asStoreOpenError(path, error);
}
