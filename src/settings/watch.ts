import { setTimeout as pause } from 'node:timers/promises';
import type { FileLook } from './read-file.ts';
import { readTextFile, sameLook } from './read-file.ts';

export interface WatchOptions {
  /** What the caller has read before; a difference to it is the first change. Without it, the first look is one. */
  readonly known?: FileLook | undefined;
  /** Default 250. */
  readonly pollMs?: number;
}

/** A file that is still being written looks different again after this. */
const SETTLE_MS = 100;

/**
 * Reports a file's new content within a second, also when it was replaced by a rename, disappears, comes back,
 * or is reached through a symlink that was swapped (a secret mounted by Kubernetes).
 *
 * It polls, and compares what is in the file: inotify watches the inode and so misses a symlink swap, is silent on
 * network and some container volumes, and a modification time can stay the same over two quick writes.
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
    if (known === undefined || !sameLook(seen, known)) {
      await pause(SETTLE_MS, undefined, { ref: false });
      const settled = sameLook(seen, await readTextFile(path));
      if (settled && !stopped) {
        known = seen;
        onChange(seen);
      }
    }
    if (stopped) return;
    timer = setTimeout(() => void look(), pollMs);
    // Watching alone is no reason for a process to stay.
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
