import type { ListStore, SavedList } from './ports.ts';
import { hasShrunk } from './saved-list.ts';

/** Saved lists, kept in a store that may fail: then nothing is found, and what should be saved is not. */
export interface Shelf {
  /** Never rejects, as the others. */
  load(appId: string): Promise<SavedList | undefined>;
  save(appId: string, list: SavedList): Promise<void>;
  /** Saves a list unless one that is as new is there. */
  saveIfNewer(appId: string, list: SavedList): Promise<void>;
}

export interface ShelfEvents {
  /** The store failed to load or save. */
  onStoreError(error: unknown): void;
  /** A good list was replaced by one of a tenth of its size or less: good too, but somebody should look. */
  onShrunk(shrinkage: Shrinkage): void;
}

export interface Shrinkage {
  readonly appId: string;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** One account's writes take turns: a newer list could come between the look of saveIfNewer and its writing. */
export function createShelf(store: ListStore, { onStoreError, onShrunk }: ShelfEvents): Shelf {
  const lastWrites = new Map<string, Promise<void>>();

  const load = (appId: string) =>
    store.load(appId).catch((error: unknown) => void onStoreError(error));

  async function replace(appId: string, before: SavedList | undefined, list: SavedList) {
    try {
      await store.save(appId, list);
    } catch (error) {
      return onStoreError(error);
    }
    if (before === undefined || !hasShrunk(before, list)) return;
    onShrunk({ appId, bytesBefore: before.body.length, bytesAfter: list.body.length });
  }

  async function inTurn(appId: string, work: () => Promise<void>): Promise<void> {
    const before = lastWrites.get(appId);
    const turn = before === undefined ? work() : before.then(work);
    lastWrites.set(appId, turn);
    await turn;
    if (lastWrites.get(appId) === turn) lastWrites.delete(appId);
  }

  return {
    load,
    save: (appId, list) => inTurn(appId, async () => replace(appId, await load(appId), list)),
    saveIfNewer: (appId, list) =>
      inTurn(appId, async () => {
        const saved = await load(appId);
        if (saved === undefined || saved.savedAt < list.savedAt) await replace(appId, saved, list);
      }),
  };
}
