import { LRUCache } from 'lru-cache';

import { singleFlight } from '../coalesce.ts';
import type { ListStore, SavedList } from '../contacts-list/ports.ts';

/** A body may have a compressed copy, which is at most about as long. */
const COPIES = 2;

/** How much memory a list counts as, in bytes. */
export function sizeInMemory(list: SavedList): number {
  return Math.max(1, COPIES * list.body.length);
}

/** Whether `kept` is no older than `list`. */
export function isAsNew(kept: SavedList | undefined, list: SavedList): boolean {
  return kept !== undefined && kept.savedAt >= list.savedAt;
}

/**
 * A cache of at most `memoryBytes` in front of `store`, which drops the least recently used lists. As long as a list is
 * kept, the same SavedList object is returned. With 0 bytes it is `store` itself.
 */
export function keepInMemory(store: ListStore, memoryBytes: number): ListStore {
  if (memoryBytes <= 0) return store;

  // An entry over maxSize is not kept, and removes the older one of its key: then the store serves it.
  const kept = new LRUCache<string, SavedList>({
    maxSize: memoryBytes,
    sizeCalculation: sizeInMemory,
  });
  const loads = singleFlight<SavedList | undefined>();

  function loadFromStore(appId: string): Promise<SavedList | undefined> {
    const loading = store.load(appId).then((list) => {
      // If it was written or forgotten meanwhile, the list found is out of date.
      if (loads.get(appId) !== loading) return load(appId);
      if (list !== undefined) kept.set(appId, list);
      return list;
    });
    return loading;
  }

  async function load(appId: string): Promise<SavedList | undefined> {
    return kept.get(appId) ?? loads.join(appId, () => loadFromStore(appId));
  }

  return {
    load,
    async save(appId, list) {
      loads.forget(appId);
      // First here: if the store fails, for example on a full disk, the newest list is still served.
      kept.set(appId, list);
      return store.save(appId, list);
    },
    async saveIfNewer(appId, list) {
      if (isAsNew(kept.get(appId), list)) return { kind: 'kept' };
      loads.forget(appId);
      const keep = () => {
        if (!isAsNew(kept.get(appId), list)) kept.set(appId, list);
      };
      try {
        const result = await store.saveIfNewer(appId, list);
        if (result.kind === 'saved') keep();
        return result;
      } catch (error) {
        keep();
        throw error;
      }
    },
    async forget(appId) {
      const wasKept = kept.delete(appId);
      const forgetting = store.forget(appId);
      // Loads that come meanwhile wait for the end, or they would bring the list back.
      loads.forget(appId);
      await loads.join(appId, () => forgetting.then(() => undefined));
      return (await forgetting) || wasKept;
    },
  };
}
