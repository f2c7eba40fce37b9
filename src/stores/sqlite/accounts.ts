import type { DatabaseSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';

import type { AccountRecord, AccountRegister } from '../../add-contacts/ports.ts';
import type { GroupCommit } from './transaction.ts';

interface AccountRow {
  readonly appId: string;
  readonly declared: number | null;
  readonly seen: number | null;
}

/** Records in memory. Each addContacts asks for one, and a read on its own costs more than a charge in a group. */
const REMEMBERED = 5_000;

const COLUMNS = 'app_id AS appId, declared_online_since AS declared, first_seen_at AS seen';

/** Accounts' clocks in the table `accounts`. */
export function sqliteAccounts(
  db: DatabaseSync,
  { write, writeUnsynced }: GroupCommit,
): AccountRegister {
  const select = db.prepare(`SELECT ${COLUMNS} FROM accounts WHERE app_id = ?`);
  // An appId is ASCII, so the order of its bytes is that of its code units.
  const selectPage = db.prepare(
    `SELECT ${COLUMNS} FROM accounts WHERE app_id > :after ORDER BY app_id LIMIT :limit`,
  );
  // If the clock is running already, nothing is written and nobody waits for the disk.
  const see = db.prepare(
    `INSERT INTO accounts (app_id, first_seen_at) VALUES (:appId, :at)
     ON CONFLICT (app_id) DO UPDATE SET first_seen_at = excluded.first_seen_at
     WHERE first_seen_at IS NULL`,
  );
  const declare = db.prepare(
    `INSERT INTO accounts (app_id, declared_online_since) VALUES (:appId, :onlineSince)
     ON CONFLICT (app_id) DO UPDATE SET declared_online_since = excluded.declared_online_since`,
  );
  const removeDeclaration = db.prepare(
    `UPDATE accounts SET declared_online_since = NULL
     WHERE app_id = :appId AND declared_online_since IS NOT NULL`,
  );
  const removeEmpty = db.prepare(
    `DELETE FROM accounts
     WHERE app_id = :appId AND declared_online_since IS NULL AND first_seen_at IS NULL`,
  );

  // The file belongs to this process, so nobody else changes what is remembered.
  const remembered = new LRUCache<string, AccountRecord>({ max: REMEMBERED });

  return {
    async find(appId) {
      const known = remembered.get(appId);
      if (known !== undefined) return known;
      const row = select.get(appId) as AccountRow | undefined;
      if (row === undefined) return undefined;
      const record = recordOf(row);
      remembered.set(appId, record);
      return record;
    },
    async seen(appId, at) {
      // No caller waits for it, and every first answer for an account leads here. A power cut may lose it: then the clock
      // starts with the next answer, which is on the safe side.
      remembered.delete(appId);
      writeUnsynced(() => see.run({ appId, at }));
    },
    declare(appId, onlineSince) {
      return write(() => {
        remembered.delete(appId);
        declare.run({ appId, onlineSince });
      });
    },
    removeDeclaration(appId) {
      return write(() => {
        remembered.delete(appId);
        const { changes } = removeDeclaration.run({ appId });
        removeEmpty.run({ appId });
        return changes > 0;
      });
    },
    async list(after, limit) {
      // An appId is never empty, so all of them come after ''.
      const rows = selectPage.all({ after: after ?? '', limit });
      return (rows as unknown as AccountRow[]).map(recordOf);
    },
  };
}

function recordOf(row: AccountRow): AccountRecord {
  return {
    appId: row.appId,
    declaredOnlineSince: row.declared ?? undefined,
    firstSeenAt: row.seen ?? undefined,
  };
}
