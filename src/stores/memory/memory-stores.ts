import type { Stores } from '../stores.ts';
import { memoryAccounts } from './accounts.ts';
import { memoryIdempotency } from './idempotency.ts';
import { memoryLedger } from './ledger.ts';
import { memoryLists } from './lists.ts';

/** Stores for tests and trials: everything is gone when the process ends. */
export function openMemoryStores(): Stores {
  return {
    lists: memoryLists(),
    ledger: memoryLedger(),
    accounts: memoryAccounts(),
    idempotency: memoryIdempotency(),
    async check() {},
    async close() {},
  };
}
