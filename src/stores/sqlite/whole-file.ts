/** Files that appear under their name only when they are complete. */
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { StoreCommandError } from '../stores.ts';

/** Makes an empty file beside `path`, which nobody else can read. Returns its path. */
export function createPartial(path: string): string {
  const partial = `${path}.${randomBytes(6).toString('hex')}.partial`;
  closeSync(openSync(partial, 'wx', 0o600));
  return partial;
}

/** Gives a complete file its name, on disk. Throws if the name is taken. */
export function publish(partial: string, path: string): void {
  syncPath(partial);
  refuseExisting(path);
  renameSync(partial, path);
  syncFolderOf(path);
}

export function refuseExisting(path: string): void {
  if (!existsSync(path)) return;
  throw new StoreCommandError(
    `${path} exists already`,
    'Name a file that does not exist yet, or move this one away',
  );
}

/** Removes it, with what SQLite has made beside it. */
export function removePartial(partial: string): void {
  for (const end of ['', '-journal', '-wal', '-shm', '-lock']) {
    rmSync(`${partial}${end}`, { force: true });
  }
}

/** Waits until a file, or what a folder lists, is on disk. */
export function syncPath(path: string): void {
  const isFolder = statSync(path).isDirectory();
  // Windows cannot do this with folders, and writes them at once.
  if (isFolder && process.platform === 'win32') return;
  const file = openSync(path, isFolder ? 'r' : 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export function syncFolderOf(path: string): void {
  syncPath(dirname(path));
}

/** Gives `path` the owner of `like`: root may run a command for the user of the gateway. */
export function chownLike(path: string, like: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(like);
  chownSync(path, uid, gid);
}

/** The size of a file in bytes; 0 if there is none. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
