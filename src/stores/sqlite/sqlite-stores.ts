import type { Clock } from '../../time.ts';
import { ownTurns } from '../../turns.ts';
import { keepInMemory } from '../list-memory.ts';
import { UNSHARED, type Stores } from '../stores.ts';
import { sqliteAccounts } from './accounts.ts';
import { checkWrite, openDatabase } from './database.ts';
import { sqliteIdempotency } from './idempotency.ts';
import { sqliteLedger } from './ledger.ts';
import { sqliteLists } from './lists.ts';
import { asStoreOpenError } from './open-failure.ts';
import { rememberPlace } from './file.ts';
import { createGroupCommit } from './transaction.ts';

/**
 * Stores in one SQLite file, for one process. The file and its folder are made where there are none. Throws a
 * StoreOpenError, and leaves the file as it is, where it is in use, broken, not ours, newer than we are or not writable.
 *
 * @param listMemoryBytes of saved lists that are kept in memory too
 */
export function openSqliteStores(path: string, clock: Clock, listMemoryBytes: number): Stores {
  const { db, close } = openDatabase(path);
  try {
    const group = createGroupCommit(db, rememberPlace(path));
    return {
      clock,
      lists: keepInMemory(sqliteLists(db), listMemoryBytes),
      ledger: sqliteLedger(db, clock, group),
      accounts: sqliteAccounts(db, group),
      idempotency: sqliteIdempotency(db, group),
      turns: ownTurns,
      ...UNSHARED,
      check: () => group.write(() => checkWrite(db)),
      async close() {
        group.flush();
        close();
      },
    };
  } catch (error) {
    // A statement that cannot be prepared: a table or a column is not there.
    close();
    throw asStoreOpenError(path, error);
  }
}
