/** Collects what is written together a moment later. What has the same key becomes one. */
export interface Batch<T> {
  add(item: T): void;
  /** Writes what is waiting. Never rejects: what could not be written waits on. */
  flush(): Promise<void>;
  isEmpty(): boolean;
  /** So much is waiting that it should be written now. Never while the store is slow or fails: it would be asked at each `add`. */
  isFull(): boolean;
}

interface BatchParts<T> {
  keyOf(item: T): string;
  merge(before: T, added: T): T;
  write(items: readonly T[]): Promise<void>;
  onError(error: unknown): void;
}

/** What may wait for a store that is away. Then the oldest is dropped. */
const MOST_WAITING = 10_000;
const FULL_AT = 1000;

export function createBatch<T>({ keyOf, merge, write, onError }: BatchParts<T>): Batch<T> {
  let waiting = new Map<string, T>();
  let flushing = Promise.resolve();
  let state: 'idle' | 'writing' | 'failing' = 'idle';

  function put(item: T): void {
    const key = keyOf(item);
    const before = waiting.get(key);
    waiting.set(key, before === undefined ? item : merge(before, item));
    if (waiting.size <= MOST_WAITING) return;
    const [oldest] = waiting.keys();
    if (oldest !== undefined) waiting.delete(oldest);
  }

  async function writeWaiting(): Promise<void> {
    if (waiting.size === 0) return;
    const items = [...waiting.values()];
    waiting = new Map();
    state = 'writing';
    try {
      await write(items);
      state = 'idle';
    } catch (error) {
      state = 'failing';
      onError(error);
      const since = [...waiting.values()];
      waiting = new Map();
      for (const item of [...items, ...since]) put(item);
    }
  }

  return {
    add: put,
    isEmpty: () => waiting.size === 0,
    isFull: () => state === 'idle' && waiting.size >= FULL_AT,
    /** One after the other, so that nothing overtakes. */
    flush() {
      flushing = flushing.then(writeWaiting);
      return flushing;
    },
  };
}
