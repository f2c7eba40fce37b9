import type { ListStore, SaveResult, SavedList } from '../../contacts-list/ports.ts';

/** Saved lists that end with the process. */
export function memoryLists(): ListStore {
  const lists = new Map<string, SavedList>();

  function replace(appId: string, list: SavedList): SaveResult {
    const bytesBefore = lists.get(appId)?.body.length ?? 0;
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
      const before = lists.get(appId);
      const isNewer = before === undefined || before.savedAt < list.savedAt;
      return isNewer ? replace(appId, list) : { kind: 'kept' };
    },
    async forget(appId) {
      return lists.delete(appId);
    },
  };
}
