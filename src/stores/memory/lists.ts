import { LRUCache } from 'lru-cache';
import type { ListStore, SaveResult, SavedList } from '../../contacts-list/ports.ts';
import { sizeInMemory } from '../list-memory.ts';

/**
 * Saved lists that end with the process, at most `memoryBytes` of them. The lists that were not asked for the longest go
 * first, and one that is larger than all that is not kept.
 */
export function memoryLists(memoryBytes: number): ListStore {
  const lists = new LRUCache<string, SavedList>({
    maxSize: Math.max(1, memoryBytes),
    sizeCalculation: sizeInMemory,
  });

  function replace(appId: string, list: SavedList): SaveResult {
    const bytesBefore = lists.peek(appId)?.body.length ?? 0;
    lists.set(appId, list);
    return { kind: 'saved', bytesBefore };
  }

  return {
    async load(appId) {
      return lists.get(appId);
    },
    async save(appId, list) {
      return replace(appId, list);
    },
    async saveIfNewer(appId, list) {
      const before = lists.peek(appId);
      const isNewer = before === undefined || before.savedAt < list.savedAt;
      return isNewer ? replace(appId, list) : { kind: 'kept' };
    },
    async forget(appId) {
      return lists.delete(appId);
    },
  };
}
