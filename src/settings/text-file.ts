import { readFileSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** What was found at the path of a file. */
export type FileLook =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Settings are small: a larger file was named by mistake. In bytes. */
const SIZE_LIMIT = 1024 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A pipe or device is refused before it is opened: reading one can wait for ever, and cannot be repeated. */
function refuse(stats: Stats): FileLook | undefined {
  if (!stats.isFile()) return { kind: 'unreadable', why: 'it is not a regular file' };
  if (stats.size > SIZE_LIMIT) return { kind: 'unreadable', why: 'it is larger than 1 MiB' };
  return undefined;
}

function decode(bytes: Buffer): FileLook {
  try {
    return { kind: 'text', text: utf8.decode(bytes) };
  } catch {
    return { kind: 'unreadable', why: 'it is not UTF-8' };
  }
}

function explain(error: unknown): FileLook {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
  return { kind: 'unreadable', why: `it cannot be read (${code ?? 'unknown reason'})` };
}

/** Reads a small text file, UTF-8 with or without a byte order mark. Follows symlinks; never throws. */
export function readTextFileSync(path: string): FileLook {
  try {
    return refuse(statSync(path)) ?? decode(readFileSync(path));
  } catch (error) {
    return explain(error);
  }
}

/** Like `readTextFileSync`, without blocking. Never rejects. */
export async function readTextFile(path: string): Promise<FileLook> {
  try {
    return refuse(await stat(path)) ?? decode(await readFile(path));
  } catch (error) {
    return explain(error);
  }
}

function isSame(one: FileLook, other: FileLook): boolean {
  if (one.kind === 'text') return other.kind === 'text' && one.text === other.text;
  if (one.kind === 'unreadable') return other.kind === 'unreadable' && one.why === other.why;
  return other.kind === 'missing';
}

/** Why there is no text, as the end of a sentence about the file. */
export function whyNoText(look: Exclude<FileLook, { kind: 'text' }>): string {
  return look.kind === 'missing' ? 'there is no such file' : look.why;
}

export interface WatchOptions {
  /** What the caller read before: the first change is a difference to it. Without it, the first look counts as a change. */
  readonly known?: FileLook | undefined;
  /** Default 250. */
  readonly pollMs?: number;
}

/** If a file looks different again after this time, it is still being written. */
const SETTLE_MS = 100;

/**
 * Reports a file's new content within a second, even if it was replaced by a rename, disappears, comes back,
 * or is reached through a symlink that was swapped (a secret mounted by Kubernetes).
 *
 * It polls and compares the content: inotify watches the inode and so misses a symlink swap, and is silent on
 * network volumes and some container volumes; two quick writes can leave the same modification time.
 *
 * @param onChange must not throw; not called after `stop()`
 */
export function watchFile(
  path: string,
  onChange: (look: FileLook) => void,
  options: WatchOptions = {},
): { stop(): void } {
  const pollMs = options.pollMs ?? 250;
  let known = options.known;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  const look = async (): Promise<void> => {
    const seen = await readTextFile(path);
    if (known === undefined || !isSame(seen, known)) {
      await pause(SETTLE_MS, undefined, { ref: false });
      const settled = isSame(seen, await readTextFile(path));
      if (settled && !stopped) {
        known = seen;
        onChange(seen);
      }
    }
    if (stopped) return;
    timer = setTimeout(() => void look(), pollMs);
    // Watching alone must not keep a process alive.
    timer.unref();
  };
  void look();

  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
