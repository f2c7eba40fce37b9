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

/** How many items may wait while the store is away. Beyond that, the oldest are dropped. */
const MOST_WAITING = 10_000;
/** At most so many are written at once: more would stop the process for long. */
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

  /** Resolves to whether they were written. */
  async function writeSome(): Promise<boolean> {
    const items = [...waiting.values()].slice(0, FULL_AT);
    waiting = new Map([...waiting].slice(items.length));
    state = 'writing';
    try {
      await write(items);
      state = 'idle';
      return true;
    } catch (error) {
      state = 'failing';
      onError(error);
      const since = [...waiting.values()];
      waiting = new Map();
      for (const item of [...items, ...since]) put(item);
      return false;
    }
  }

  /** Leaves items that come meanwhile to the next flush: otherwise it might never end. */
  async function writeWaiting(): Promise<void> {
    for (let left = waiting.size; left > 0; left -= FULL_AT) {
      if (!(await writeSome())) return;
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
