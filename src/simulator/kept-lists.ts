/** The vendor's own cache. Its page of fetchContactsListCache says that a finished list is kept for ten minutes. */
import type { ListSize } from './samples.ts';

const KEPT_MS = 10 * 60 * 1000;
const MOST_ACCOUNTS = 10_000;

export interface KeptLists {
  keep(appId: string, size: ListSize): void;
  /** The size of the kept list; undefined if there is none or it is too old. */
  find(appId: string): ListSize | undefined;
  clear(): void;
}

/** Keeps sizes and not lists: a list follows from its size, and ten thousand accounts need little memory. */
export function createKeptLists(now: () => number): KeptLists {
  const kept = new Map<string, { readonly size: ListSize; readonly finishedAt: number }>();
  return {
    keep(appId, size) {
      // Deleted first, so that the map is in order of age.
      kept.delete(appId);
      kept.set(appId, { size, finishedAt: now() });
      if (kept.size > MOST_ACCOUNTS) {
        for (const oldest of kept.keys()) {
          kept.delete(oldest);
          break;
        }
      }
    },
    find(appId) {
      const entry = kept.get(appId);
      return entry !== undefined && now() < entry.finishedAt + KEPT_MS ? entry.size : undefined;
    },
    clear() {
      kept.clear();
    },
  };
}
