/** Work that has to be completed even if its caller has left. A stopping gateway waits for it. */
export interface Pending {
  track<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

export function createPending(): Pending {
  const underWay = new Set<Promise<unknown>>();
  return {
    track(work) {
      underWay.add(work);
      const done = () => void underWay.delete(work);
      work.then(done, done);
      return work;
    },
    async idle() {
      while (underWay.size > 0) await Promise.allSettled([...underWay]);
    },
  };
}
