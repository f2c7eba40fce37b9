import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import type { ListStore, SavedList } from '../../contacts-list/ports.ts';
import { isAsNew, sizeInMemory } from '../list-memory.ts';
import { newMark, withoutCopies, type Found, type MarkedList, type StoredLists } from './lists.ts';

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
export function keepCopies(stored: StoredLists, memoryBytes: number, clock: Clock): ListStore {
  if (memoryBytes <= 0) return withoutCopies(stored);

  const copies = new LRUCache<string, Copy>({
    maxSize: memoryBytes,
    sizeCalculation: ({ list }) => sizeInMemory(list),
  });
  /** What the next load of an appId joins. Whoever writes takes the entry out, so that it counts no more. */
  const underWay = new Map<string, Promise<SavedList | undefined>>();

  function keep(appId: string, marked: MarkedList, state: Copy['state']): Copy {
    const copy: Copy = { ...marked, state, tryAgainAt: -Infinity };
    copies.set(appId, copy);
    return copy;
  }

  function look(appId: string): Promise<SavedList | undefined> {
    const copy = copies.get(appId);
    const looking: Promise<SavedList | undefined> = stored.find(appId, copy?.mark).then(
      // A list that was written here meanwhile is newer than what was found.
      (found) =>
        underWay.get(appId) === looking
          ? takeOver(appId, copy, found)
          : (copies.get(appId)?.list ?? listIn(found)),
      (error: unknown) => {
        const now = copies.get(appId) ?? copy;
        if (now === undefined) throw error;
        return now.list;
      },
    );
    return shared(appId, looking);
  }

  function takeOver(appId: string, copy: Copy | undefined, found: Found): SavedList | undefined {
    switch (found.kind) {
      case 'same':
        return copy?.list;
      case 'list':
        if (copy !== undefined && isAhead(copy, found.found.list)) return putBack(appId, copy);
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
    if (copy.state !== 'being-stored' && clock.now() >= copy.tryAgainAt) {
      const unless = copy.state === 'stored' ? 'anything' : 'as-new';
      copy.tryAgainAt = clock.now() + TRY_AGAIN_AFTER_MS;
      stored.save(appId, copy, unless).then(
        () => void (copy.state = 'stored'),
        () => undefined,
      );
    }
    return copy.list;
  }

  async function shared(
    appId: string,
    promise: Promise<SavedList | undefined>,
  ): Promise<SavedList | undefined> {
    underWay.set(appId, promise);
    try {
      return await promise;
    } finally {
      if (underWay.get(appId) === promise) underWay.delete(appId);
    }
  }

  return {
    load: async (appId) => underWay.get(appId) ?? look(appId),
    async save(appId, list) {
      underWay.delete(appId);
      // Before Redis and whatever becomes of that: one that is away must not cost the newest list.
      const copy = keep(appId, { mark: newMark(), list }, 'being-stored');
      try {
        const result = await stored.save(appId, copy, 'nothing');
        copy.state = 'stored';
        return result;
      } catch (error) {
        copy.state = 'not-stored';
        throw error;
      }
    },
    async saveIfNewer(appId, list) {
      if (isAsNew(copies.get(appId)?.list, list)) return { kind: 'kept' };
      underWay.delete(appId);
      const marked: MarkedList = { mark: newMark(), list };
      const keepIt = (state: Copy['state']) => {
        if (!isAsNew(copies.get(appId)?.list, list)) keep(appId, marked, state);
      };
      try {
        const result = await stored.save(appId, marked, 'as-new');
        if (result.kind === 'saved') keepIt('stored');
        return result;
      } catch (error) {
        keepIt('not-stored');
        throw error;
      }
    },
    async forget(appId) {
      const wasKept = copies.delete(appId);
      const forgetting = stored.forget(appId);
      // Loads that come meanwhile wait for the end: they would bring back what is being forgotten.
      await shared(
        appId,
        forgetting.then(() => undefined),
      );
      return (await forgetting) || wasKept;
    },
  };
}

/** Whether the copy is newer than what Redis has, which could not take it. */
function isAhead(copy: Copy, list: SavedList): boolean {
  return (
    copy.state === 'being-stored' ||
    (copy.state === 'not-stored' && copy.list.savedAt > list.savedAt)
  );
}

function listIn(found: Found): SavedList | undefined {
  return found.kind === 'list' ? found.found.list : undefined;
}
