/** The keys of one source, as they were fetched. */
export interface StoredKeySet {
  /** A JWKS as JSON text. */
  readonly keys: string;
  /** Milliseconds since the epoch. */
  readonly fetchedAt: number;
}

/** Keeps key sets, so that a gateway that starts while the provider is down can still verify. */
export interface KeySetStore {
  /** The last key set that was saved for this source of keys. */
  load(source: string): Promise<StoredKeySet | undefined>;
  /** Replaces the one before. */
  save(source: string, keySet: StoredKeySet): Promise<void>;
}
