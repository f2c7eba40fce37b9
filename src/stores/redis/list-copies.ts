import { LRUCache } from 'lru-cache';
import { singleFlight } from '../../coalesce.ts';
import type { Clock } from '../../time.ts';
import type { ListStore, SavedList } from '../../contacts-list/ports.ts';
import { isAsNew, sizeInMemory } from '../list-memory.ts';
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
  /** Whether Redis has it, as far as we know. */
  state: 'stored' | 'being-stored' | 'not-stored';
  /** When Redis may be asked to take it again, milliseconds since the epoch. */
  tryAgainAt: number;
}

/** Redis may be full for a long time, and compressing is not free. */
const TRY_AGAIN_AFTER_MS = 5_000;

/**
 * Copies of at most `memoryBytes` in front of Redis, so that a list is transferred once and compressed for callers once.
 * Each load asks Redis for the version, because another gateway may have saved a newer one; Redis sends the list only then.
 * While Redis is away the copy is served, and afterwards it restores a list that Redis has lost.
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
    // An older copy could come back after Redis has forgotten that the list was deleted.
    ttl: FORGOTTEN_KNOWN_MS / 2,
    ttlResolution: 0,
    perf: clock,
  });
  const loads = singleFlight<SavedList | undefined>();
  stored.onForgotten((appId) => {
    copies.delete(appId);
    // A load that is under way may have found the list before it was deleted.
    loads.forget(appId);
  });

  function keep(appId: string, marked: MarkedList, state: Copy['state']): Copy {
    const copy: Copy = { ...marked, state, tryAgainAt: -Infinity };
    copies.set(appId, copy);
    return copy;
  }

  function look(appId: string): Promise<SavedList | undefined> {
    const copy = copies.get(appId);
    const looking: Promise<SavedList | undefined> = stored.find(appId, copy?.mark).then(
      // If it was written or forgotten meanwhile, the list found is out of date.
      (found) =>
        loads.get(appId) === looking
          ? takeOver(appId, copy, found)
          : (copies.get(appId)?.list ?? load(appId)),
      (error: unknown) => {
        const now = copies.get(appId) ?? (loads.get(appId) === looking ? copy : undefined);
        if (now === undefined) throw error;
        return now.list;
      },
    );
    return looking;
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

  /** Gives Redis the copy that it does not have, in the background. */
  function putBack(appId: string, copy: Copy): SavedList {
    const leftMs = copy.tryAgainAt - clock.now();
    // If it is further in the future, the clock was set back since.
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

  /** So that other gateways get it before somebody asks for it here. */
  function saveLater(appId: string): void {
    pending.add(`list ${appId}`, async () => {
      const copy = copies.peek(appId);
      if (copy?.state === 'not-stored') await bringBack(appId, copy);
    });
  }

  async function load(appId: string): Promise<SavedList | undefined> {
    return loads.join(appId, () => look(appId));
  }

  return {
    load,
    async save(appId, list) {
      loads.forget(appId);
      // First here: if Redis is away, the newest list is still served.
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
      loads.forget(appId);
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
        // Not a copy that was saved meanwhile, and not if Redis could not delete the list.
        if (copies.peek(appId) === before) copies.delete(appId);
        return wasStored || before !== undefined;
      });
      // Loads that come meanwhile wait for the end, or they would bring the list back.
      loads.forget(appId);
      await loads.join(appId, () => forgetting.then(current, current));
      return forgetting;
    },
  };
}

/** Whether the copy is newer than what Redis has, which could not take it or has lost it. */
function isAhead(copy: Copy, { found, wasPutBack }: Extract<Found, { kind: 'list' }>): boolean {
  if (copy.state === 'being-stored') return true;
  return (copy.state === 'not-stored' || wasPutBack) && copy.list.savedAt > found.list.savedAt;
}
