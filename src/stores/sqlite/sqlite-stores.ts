import type { Clock } from '../../time.ts';
import { localLeases } from '../../leases.ts';
import { keepInMemory } from '../list-memory.ts';
import { UNSHARED, type StoreEvents, type Stores } from '../stores.ts';
import { quotasBlockedUntil } from '../../add-contacts/after-restore.ts';
import { sqliteAccounts } from './accounts.ts';
import { checkWrite, openDatabase } from './database.ts';
import { sqliteHistory } from './history.ts';
import { sqliteIdempotency } from './idempotency.ts';
import { sqliteIssuerKeys } from './issuer-keys.ts';
import { sqliteLedger } from './ledger.ts';
import { sqliteListIndex, sqliteLists } from './lists.ts';
import { takeOverRestore } from './meta.ts';
import { sqliteSessions } from './sessions.ts';
import { asStoreOpenError } from './open-failure.ts';
import { rememberPlace } from './file.ts';
import { createGroupCommit } from './transaction.ts';

/**
 * Stores in one SQLite file, for one process. The file and its folder are made if they do not exist. If the file cannot be
 * used, throws a StoreOpenError and leaves it as it is.
 *
 * @param listMemoryBytes how many bytes of saved lists are kept in memory too
 */
export function openSqliteStores(
  path: string,
  clock: Clock,
  listMemoryBytes: number,
  events?: Pick<StoreEvents, 'onWarning'>,
): Stores {
  const { db, close } = openDatabase(path);
  try {
    const restoredAt = takeOverRestore(db, clock.now());
    const blockedUntil = quotasBlockedUntil(restoredAt ?? -Infinity);
    const isBlocked = () => clock.now() < blockedUntil;
    if (isBlocked()) events?.onWarning('quotas-blocked-after-restore', blockedUntil);
    const group = createGroupCommit(db, rememberPlace(path));
    const history = sqliteHistory(db, clock, group);
    return {
      clock,
      lists: keepInMemory(sqliteLists(db), listMemoryBytes),
      listIndex: sqliteListIndex(db),
      history,
      ledger: sqliteLedger(db, clock, group, history, restoredAt),
      accounts: sqliteAccounts(db, group),
      idempotency: sqliteIdempotency(db, group),
      sessions: sqliteSessions(db, group),
      issuerKeys: sqliteIssuerKeys(db, group),
      leases: localLeases,
      ...UNSHARED,
      warnings: () => (isBlocked() ? ['quotas-blocked-after-restore'] : []),
      check: () => group.write(() => checkWrite(db)),
      async close() {
        group.flush();
        close();
      },
    };
  } catch (error) {
    // A statement cannot be prepared, because a table or a column does not exist.
    close();
    throw asStoreOpenError(path, error);
  }
}
