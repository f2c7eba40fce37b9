import type { ListStore, SavedList } from './ports.ts';

/** Saved lists, kept in a store that may fail: then nothing is found, and what should be saved is not. */
export interface Shelf {
  /** Never rejects, as the others. */
  load(appId: string): Promise<SavedList | undefined>;
  save(appId: string, list: SavedList): Promise<void>;
  /** Saves a list unless one that is as new is there. */
  saveIfNewer(appId: string, list: SavedList): Promise<void>;
}

/** One account's writes take turns: a newer list could come between the look of saveIfNewer and its writing. */
export function createShelf(store: ListStore, onStoreError: (error: unknown) => void): Shelf {
  const lastWrites = new Map<string, Promise<void>>();

  const load = (appId: string) =>
    store.load(appId).catch((error: unknown) => void onStoreError(error));

  const write = (appId: string, list: SavedList) => store.save(appId, list).catch(onStoreError);

  async function inTurn(appId: string, work: () => Promise<void>): Promise<void> {
    const before = lastWrites.get(appId);
    const turn = before === undefined ? work() : before.then(work);
    lastWrites.set(appId, turn);
    await turn;
    if (lastWrites.get(appId) === turn) lastWrites.delete(appId);
  }

  return {
    load,
    save: (appId, list) => inTurn(appId, () => write(appId, list)),
    saveIfNewer: (appId, list) =>
      inTurn(appId, async () => {
        const saved = await load(appId);
        if (saved === undefined || saved.savedAt < list.savedAt) await write(appId, list);
      }),
  };
}
