/** What Redis should have been told while it was away. */
export interface Owed {
  /** Tells it as soon as Redis answers again. Under one name the last one counts. */
  owe(name: string, tell: () => Promise<void>): void;
  /** Tells it now. What Redis still does not take stays owed. */
  pay(): Promise<void>;
}

/** Each is small, and an outage is long before so many attempts are lost half way. The oldest go first. */
const MOST_OWED = 10_000;

export function createOwed(): Owed {
  const debts = new Map<string, () => Promise<void>>();
  return {
    owe(name, tell) {
      debts.delete(name);
      debts.set(name, tell);
      const [oldest] = debts.keys();
      if (debts.size > MOST_OWED && oldest !== undefined) debts.delete(oldest);
    },
    async pay() {
      for (const [name, tell] of [...debts]) {
        try {
          await tell();
        } catch {
          return;
        }
        if (debts.get(name) === tell) debts.delete(name);
      }
    },
  };
}
