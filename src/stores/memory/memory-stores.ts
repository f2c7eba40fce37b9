import type { Clock } from '../../time.ts';
import { ownTurns } from '../../turns.ts';
import { UNSHARED, type Stores } from '../stores.ts';
import { memoryAccounts } from './accounts.ts';
import { memoryIdempotency } from './idempotency.ts';
import { memoryLedger } from './ledger.ts';
import { memoryLists } from './lists.ts';

/**
 * Stores for tests and trials: everything is gone when the process ends.
 *
 * @param listMemoryBytes of saved lists that are kept
 */
export function openMemoryStores(clock: Clock, listMemoryBytes: number): Stores {
  return {
    clock,
    lists: memoryLists(listMemoryBytes),
    ledger: memoryLedger(clock),
    accounts: memoryAccounts(),
    idempotency: memoryIdempotency(),
    turns: ownTurns,
    ...UNSHARED,
    async check() {},
    async close() {},
  };
}
