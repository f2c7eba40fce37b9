import type { AccountRegister, IdempotencyStore, Ledger } from '../add-contacts/ports.ts';
import type { ListStore } from '../contacts-list/ports.ts';

/** All that one engine keeps, opened and closed together. */
export interface Stores {
  readonly lists: ListStore;
  readonly ledger: Ledger;
  readonly accounts: AccountRegister;
  readonly idempotency: IdempotencyStore;
  /** Rejects where the engine cannot take a write now. */
  check(): Promise<void>;
  close(): Promise<void>;
}
