/**
 * Contains faults of our own parts. The list path calls many parts on the side: observers, metrics, the breaker, the
 * log. A fault of one must not cost a caller its answer, leave a call registered for ever, or end the process.
 */
export interface Faults {
  /** Writes a fault to the log. Never throws, even if the log fails. */
  report(this: void, error: unknown): void;
  /** What `run` returns; undefined if it throws, which is reported. */
  contain<T>(this: void, run: () => T): T | undefined;
  /** The same for what ends later. Never rejects. */
  containAsync<T>(this: void, run: () => Promise<T>): Promise<T | undefined>;
}

export function containFaults(onFault: (error: unknown) => void): Faults {
  function report(error: unknown): void {
    try {
      onFault(error);
    } catch {
      // See above.
    }
  }
  return {
    report,
    contain(run) {
      try {
        return run();
      } catch (error) {
        report(error);
        return undefined;
      }
    },
    async containAsync(run) {
      try {
        return await run();
      } catch (error) {
        report(error);
        return undefined;
      }
    },
  };
}
