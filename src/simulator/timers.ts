/** Timers that can all be cleared at once, so that a stopped simulator leaves nothing behind. */
export interface Timers {
  after(delayMs: number, act: () => void): void;
  /** Calls `act` every `intervalMs` until it returns false. */
  every(intervalMs: number, act: () => boolean): void;
  clear(): void;
}

export function createTimers(): Timers {
  const running = new Set<NodeJS.Timeout>();
  const timers: Timers = {
    after(delayMs, act) {
      const timer = setTimeout(() => {
        running.delete(timer);
        act();
      }, delayMs);
      running.add(timer);
    },
    every(intervalMs, act) {
      timers.after(intervalMs, () => {
        if (act()) timers.every(intervalMs, act);
      });
    },
    clear() {
      for (const timer of running) clearTimeout(timer);
      running.clear();
    },
  };
  return timers;
}
