import type { ListStore, SavedList } from '../../contacts-list/ports.ts';

/** Saved lists that end with the process. */
export function memoryLists(): ListStore {
  const lists = new Map<string, SavedList>();
  return {
    async load(appId) {
      return lists.get(appId);
    },
    async save(appId, list) {
      lists.set(appId, list);
    },
    async forget(appId) {
      return lists.delete(appId);
    },
  };
}
