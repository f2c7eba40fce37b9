/** The last good answer to fetchContactsList for one account. */
export interface SavedList {
  /** The upstream's bytes, as they came (the token cut out). */
  readonly body: Buffer;
  /** When the gateway received it, milliseconds since the epoch. */
  readonly savedAt: number;
  /** Which of the upstream's two endpoints it came from. */
  readonly source: 'live' | 'gewe-cache';
}

export type SaveResult =
  /** `bytesBefore` is the size of the body that was replaced, 0 if there was none. */
  | { readonly kind: 'saved'; readonly bytesBefore: number }
  /** A list that is as new is there. */
  | { readonly kind: 'kept' };

/** Keeps saved lists, one per appId. Rejects if the store fails; callers treat that as a miss. */
export interface ListStore {
  load(appId: string): Promise<SavedList | undefined>;
  /** Replaces the list saved before. The caller decides whether a list is good enough. */
  save(appId: string, list: SavedList): Promise<SaveResult>;
  /** Saves as one step, unless a list that is as new is there. */
  saveIfNewer(appId: string, list: SavedList): Promise<SaveResult>;
  /** Resolves to whether there was a list. */
  forget(appId: string): Promise<boolean>;
}

/** A saved list without its content. */
export interface ListIndexEntry extends Pick<SavedList, 'savedAt' | 'source'> {
  readonly appId: string;
  /** Of the body. */
  readonly bytes: number;
}

/** All saved lists without their content. */
export interface ListIndex {
  /** At most `limit` entries after `after`, in the order of appId (by code unit). */
  index(after: string | undefined, limit: number): Promise<ListIndexEntry[]>;
}
