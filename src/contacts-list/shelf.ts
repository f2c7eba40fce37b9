import type { ListStore, SaveResult, SavedList } from './ports.ts';
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

export function createShelf(store: ListStore, { onStoreError, onShrunk }: ShelfEvents): Shelf {
  async function saved(saving: Promise<SaveResult>, appId: string, list: SavedList): Promise<void> {
    try {
      const result = await saving;
      if (result.kind === 'kept') return;
      const { bytesBefore } = result;
      const bytesAfter = list.body.length;
      if (hasShrunk(bytesBefore, bytesAfter)) onShrunk({ appId, bytesBefore, bytesAfter });
    } catch (error) {
      onStoreError(error);
    }
  }

  return {
    load: (appId) => store.load(appId).catch((error: unknown) => void onStoreError(error)),
    save: (appId, list) => saved(store.save(appId, list), appId, list),
    saveIfNewer: (appId, list) => saved(store.saveIfNewer(appId, list), appId, list),
  };
}
