import { performance } from 'node:perf_hooks';
import { SILENCE_MS } from './patience.ts';

/** What Redis should have been told while it was away. */
export interface Owed {
  /** Tells it as soon as Redis takes it. Under one name the last one counts. */
  owe(name: string, tell: () => Promise<void>): void;
  /** Tells it now. What Redis still does not take stays owed. */
  pay(): void;
  /** Tries once more, and gives up what is left. */
  close(): Promise<void>;
}

interface Debt {
  tell(): Promise<void>;
  readonly since: number;
}

/** Each is small, and an outage is long before so many attempts are lost half way. The oldest go first. */
const MOST_OWED = 10_000;
/** Not every failure is followed by a return: a server's clock may just have been set. */
const TRY_EVERY_MS = 500;
/**
 * What was told with an answer lost may still be on its way, over the connection of then. After so long it comes too late: taken back
 * before, it would be done after all.
 */
const OVERTAKES_NOTHING_AFTER_MS = SILENCE_MS + 100;

export function createOwed(): Owed {
  const debts = new Map<string, Debt>();
  let timer: NodeJS.Timeout | undefined;
  let paying: Promise<void> = Promise.resolve();
  let closed = false;

  async function payAll(olderThanMs: number): Promise<void> {
    for (const [name, debt] of [...debts]) {
      if (performance.now() - debt.since < olderThanMs) continue;
      try {
        await debt.tell();
        if (debts.get(name) === debt) debts.delete(name);
      } catch {
        // One that is never taken must not stand before all others.
        if (debts.get(name) === debt) debts.delete(name);
        if (!debts.has(name)) debts.set(name, debt);
        return;
      }
    }
  }

  /** One after the other: what is told twice at once is only told twice. */
  function pay(): void {
    clearTimeout(timer);
    timer = undefined;
    paying = paying.then(() => payAll(OVERTAKES_NOTHING_AFTER_MS)).then(tryAgain);
  }

  function tryAgain(): void {
    if (closed || debts.size === 0) return;
    timer ??= setTimeout(pay, TRY_EVERY_MS).unref();
  }

  return {
    owe(name, tell) {
      debts.delete(name);
      debts.set(name, { tell, since: performance.now() });
      const [oldest] = debts.keys();
      if (debts.size > MOST_OWED && oldest !== undefined) debts.delete(oldest);
      tryAgain();
    },
    pay,
    async close() {
      closed = true;
      clearTimeout(timer);
      await paying;
      await payAll(0);
    },
  };
}
