import { LRUCache } from 'lru-cache';
import type { Clock } from '../../time.ts';
import type { ListStore, SavedList } from '../../contacts-list/ports.ts';
import { isAsNew, sizeInMemory } from '../list-memory.ts';
import { createLoadsUnderWay } from '../loads-under-way.ts';
import {
  FORGOTTEN_KNOWN_MS,
  newMark,
  withoutCopies,
  type Found,
  type MarkedList,
  type StoredLists,
} from './lists.ts';
import type { PendingWrites } from './pending-writes.ts';

/** This gateway's copy of a list. */
interface Copy extends MarkedList {
  /** Whether Redis has it, as far as is known. */
  state: 'stored' | 'being-stored' | 'not-stored';
  /** When Redis may be asked again to take it, milliseconds since the epoch. */
  tryAgainAt: number;
}

/** Redis may be full for long, and compressing is not free. */
const TRY_AGAIN_AFTER_MS = 5_000;

/**
 * Copies of at most `memoryBytes` in front of Redis, so that a list comes over the network once and is compressed for callers once.
 * Redis is asked for the version each time, since another gateway may have saved a newer one; it sends the list only where that is
 * so. While Redis is away a copy stands in, and what Redis has lost is put back from here.
 */
export function keepCopies(
  stored: StoredLists,
  memoryBytes: number,
  clock: Clock,
  pending: PendingWrites,
): ListStore {
  if (memoryBytes <= 0) return withoutCopies(stored);

  const copies = new LRUCache<string, Copy>({
    maxSize: memoryBytes,
    sizeCalculation: ({ list }) => sizeInMemory(list),
    // One that is older could come back after it is no longer known that it was forgotten.
    ttl: FORGOTTEN_KNOWN_MS / 2,
    ttlResolution: 0,
    perf: clock,
  });
  // Whether or not somebody asks for it here before Redis loses that it was forgotten.
  const loads = createLoadsUnderWay();
  stored.onForgotten((appId) => {
    copies.delete(appId);
    // A load that is under way may have found the list before it was forgotten.
    loads.drop(appId);
  });

  function keep(appId: string, marked: MarkedList, state: Copy['state']): Copy {
    const copy: Copy = { ...marked, state, tryAgainAt: -Infinity };
    copies.set(appId, copy);
    return copy;
  }

  function look(appId: string): Promise<SavedList | undefined> {
    const copy = copies.get(appId);
    const looking: Promise<SavedList | undefined> = stored.find(appId, copy?.mark).then(
      // If it was written or forgotten meanwhile, what was found is out of date.
      (found) =>
        loads.isCurrent(appId, looking)
          ? takeOver(appId, copy, found)
          : (copies.get(appId)?.list ?? load(appId)),
      (error: unknown) => {
        const now = copies.get(appId) ?? (loads.isCurrent(appId, looking) ? copy : undefined);
        if (now === undefined) throw error;
        return now.list;
      },
    );
    return loads.share(appId, looking);
  }

  function takeOver(appId: string, copy: Copy | undefined, found: Found): SavedList | undefined {
    switch (found.kind) {
      case 'same':
        return copy?.list;
      case 'list':
        if (copy !== undefined && isAhead(copy, found)) return putBack(appId, copy);
        keep(appId, found.found, 'stored');
        return found.found.list;
      case 'forgotten':
        copies.delete(appId);
        return undefined;
      case 'none':
        return copy && putBack(appId, copy);
      default:
        return found satisfies never;
    }
  }

  /** Gives Redis the copy that it does not have. Nobody waits for that. */
  function putBack(appId: string, copy: Copy): SavedList {
    const leftMs = copy.tryAgainAt - clock.now();
    // Further off than that it was set before the clock was set back.
    const isTooSoon = leftMs > 0 && leftMs <= TRY_AGAIN_AFTER_MS;
    if (copy.state !== 'being-stored' && !isTooSoon) {
      copy.tryAgainAt = clock.now() + TRY_AGAIN_AFTER_MS;
      bringBack(appId, copy).catch(() => undefined);
    }
    return copy.list;
  }

  async function bringBack(appId: string, copy: Copy): Promise<void> {
    await stored.save(appId, copy, 'back');
    copy.state = 'stored';
  }

  /** Other gateways shall have it, too, before somebody asks for it here. */
  function saveLater(appId: string): void {
    pending.add(`list ${appId}`, async () => {
      const copy = copies.peek(appId);
      if (copy?.state === 'not-stored') await bringBack(appId, copy);
    });
  }

  async function load(appId: string): Promise<SavedList | undefined> {
    return loads.of(appId) ?? look(appId);
  }

  return {
    load,
    async save(appId, list) {
      loads.drop(appId);
      // Before Redis and whatever becomes of that: one that is away must not cost the newest list.
      const copy = keep(appId, { mark: newMark(), list }, 'being-stored');
      try {
        const result = await stored.save(appId, copy, 'new');
        copy.state = 'stored';
        return result;
      } catch (error) {
        copy.state = 'not-stored';
        saveLater(appId);
        throw error;
      }
    },
    async saveIfNewer(appId, list) {
      if (isAsNew(copies.get(appId)?.list, list)) return { kind: 'kept' };
      loads.drop(appId);
      const marked: MarkedList = { mark: newMark(), list };
      const keepIt = (state: Copy['state']) => {
        if (!isAsNew(copies.get(appId)?.list, list)) keep(appId, marked, state);
      };
      try {
        const result = await stored.save(appId, marked, 'if-newer');
        if (result.kind === 'saved') keepIt('stored');
        return result;
      } catch (error) {
        keepIt('not-stored');
        saveLater(appId);
        throw error;
      }
    },
    async forget(appId) {
      const before = copies.peek(appId);
      const current = () => copies.peek(appId)?.list;
      const forgetting = stored.forget(appId).then((wasStored) => {
        // One that was saved meanwhile is not meant, and where Redis does not forget it nobody does.
        if (copies.peek(appId) === before) copies.delete(appId);
        return wasStored || before !== undefined;
      });
      // Loads that come meanwhile wait for the end: they would bring back what is being forgotten.
      await loads.share(appId, forgetting.then(current, current));
      return forgetting;
    },
  };
}

/** Whether the copy is newer than what Redis has, which could not take it or has lost it. */
function isAhead(copy: Copy, { found, wasPutBack }: Extract<Found, { kind: 'list' }>): boolean {
  if (copy.state === 'being-stored') return true;
  return (copy.state === 'not-stored' || wasPutBack) && copy.list.savedAt > found.list.savedAt;
}
