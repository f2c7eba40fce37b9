import type { AccountRegister, IdempotencyStore, Ledger } from '../add-contacts/ports.ts';
import type { Clock } from '../time.ts';
import type { BreakerStore } from '../contacts-list/breaker.ts';
import type { ListStore } from '../contacts-list/ports.ts';
import type { ClientRate } from '../steps/limit-client.ts';
import type { Turns } from '../turns.ts';

/** All that one engine keeps, opened and closed together. */
export interface Stores {
  /** The time by which the engine counts, and so all that the gateway does. */
  readonly clock: Clock;
  readonly lists: ListStore;
  readonly ledger: Ledger;
  readonly accounts: AccountRegister;
  readonly idempotency: IdempotencyStore;
  readonly turns: Turns;
  /** Undefined where one process is all there is, and keeps it for itself. */
  readonly breaker: BreakerStore | undefined;
  readonly clientRate: ClientRate | undefined;
  /** What the engine is not made for, as far as is known now. */
  warnings(): readonly StoreWarning[];
  /** Rejects where the engine cannot take a write now. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** It works, and yet quotas may be forgotten: its operator should change that. */
export type StoreWarning =
  | 'store-may-evict'
  | 'store-forgets-on-restart'
  /** It does not say which of them is so. */
  | 'store-does-not-tell';

/** What is heard of an engine that lives outside the process. */
export interface StoreEvents {
  /** It does not answer. `why` holds no secret. */
  onAway(why: Error): void;
  onBack(): void;
  onWarning(warning: StoreWarning): void;
}

/** What engines of one process have of those things that gateways would share. */
export const UNSHARED = { breaker: undefined, clientRate: undefined, warnings: () => [] } as const;

/** The store cannot be used as it was found at start. Nothing in it was changed. */
export class StoreOpenError extends Error {
  /**
   * @param place The path, or the kind of URL; never a whole URL, which may hold a password.
   * @param problem What is wrong.
   * @param remedy What the operator can do.
   */
  constructor(place: string, problem: string, remedy: string, cause?: unknown) {
    super(
      `Cannot open the store ${place}: ${problem}. ${remedy}.`,
      cause === undefined ? {} : { cause },
    );
    this.name = 'StoreOpenError';
  }
}
