import type { ListDirectives } from './directives.ts';
import type { Faults } from './faults.ts';
import type { ListStore, SaveResult, SavedList } from './ports.ts';

/** Whole seconds since the list was received, never negative (RFC 9111 section 5.1). */
export function ageSeconds(list: Pick<SavedList, 'savedAt'>, now: number): number {
  return Math.max(0, Math.floor((now - list.savedAt) / 1000));
}

/** Whether a list is younger than `maxAgeMs`. A list from after `now` is not: the clock was set back. */
export function isYounger(list: SavedList, maxAgeMs: number, now: number): boolean {
  const ageMs = now - list.savedAt;
  return ageMs >= 0 && ageMs < maxAgeMs;
}

/** The saved list that a caller may get in place of a live one, or why there is none. */
export type Fallback =
  { readonly list: SavedList } | { readonly list?: undefined; readonly missing: NoFallback };

export type NoFallback = 'not-saved' | 'too-old' | 'unwanted';

/** What the caller's `stale-if-error` leaves of a saved list. */
export function fallbackOf(
  saved: SavedList | undefined,
  { staleIfErrorMs }: Pick<ListDirectives, 'staleIfErrorMs'>,
  now: number,
): Fallback {
  if (saved === undefined) return { missing: 'not-saved' };
  if (staleIfErrorMs === 0) return { missing: 'unwanted' };
  const isYoungEnough = staleIfErrorMs === undefined || isYounger(saved, staleIfErrorMs, now);
  return isYoungEnough ? { list: saved } : { missing: 'too-old' };
}

/** Whether a list has at most a tenth of the bytes of the one before it. */
export function hasShrunk(bytesBefore: number, bytesAfter: number): boolean {
  return bytesAfter * 10 <= bytesBefore;
}

export interface Shrinkage {
  readonly appId: string;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** Saved lists in a store that may fail. Then no list is found and none is saved, but nothing rejects. */
export interface SavedLists {
  load(appId: string): Promise<SavedList | undefined>;
  save(appId: string, list: SavedList): Promise<void>;
  /** Saves a list unless one that is as new is there. */
  saveIfNewer(appId: string, list: SavedList): Promise<void>;
}

export interface SavedListsEvents {
  /** The store failed to load or save. */
  onStoreError(error: unknown): void;
  /** A good list was replaced by a much smaller one. That is allowed, but somebody should look. */
  onShrunk(shrinkage: Shrinkage): void;
}

export function createSavedLists(
  store: ListStore,
  { onStoreError, onShrunk }: SavedListsEvents,
  faults: Faults,
): SavedLists {
  const fail = (error: unknown) => void faults.contain(() => onStoreError(error));

  async function saved(
    save: () => Promise<SaveResult>,
    appId: string,
    list: SavedList,
  ): Promise<void> {
    try {
      const result = await save();
      if (result.kind === 'kept') return;
      const { bytesBefore } = result;
      const bytesAfter = list.body.length;
      if (!hasShrunk(bytesBefore, bytesAfter)) return;
      faults.contain(() => onShrunk({ appId, bytesBefore, bytesAfter }));
    } catch (error) {
      fail(error);
    }
  }

  return {
    async load(appId) {
      try {
        return await store.load(appId);
      } catch (error) {
        fail(error);
        return undefined;
      }
    },
    save: (appId, list) => saved(() => store.save(appId, list), appId, list),
    saveIfNewer: (appId, list) => saved(() => store.saveIfNewer(appId, list), appId, list),
  };
}
