import type { DatabaseSync } from 'node:sqlite';

import type {
  ListIndex,
  ListIndexEntry,
  ListStore,
  SaveResult,
  SavedList,
} from '../../contacts-list/ports.ts';
import { asBuffer } from './database.ts';
import { inTransaction } from './transaction.ts';

interface ListRow {
  readonly body: Uint8Array;
  readonly savedAt: number;
  readonly source: SavedList['source'];
}

/** Saved lists in the table `lists`. */
export function sqliteLists(db: DatabaseSync): ListStore {
  const select = db.prepare(
    'SELECT body, saved_at AS savedAt, source FROM lists WHERE app_id = :appId',
  );
  const replace = db.prepare(
    'INSERT OR REPLACE INTO lists (app_id, saved_at, source, body) VALUES (:appId, :savedAt, :source, :body)',
  );
  const selectSize = db.prepare(
    'SELECT length(body) AS bytes, saved_at AS savedAt FROM lists WHERE app_id = :appId',
  );
  const remove = db.prepare('DELETE FROM lists WHERE app_id = :appId');

  async function replaceWhere(
    appId: string,
    { body, savedAt, source }: SavedList,
    may: (savedAtBefore: number | undefined) => boolean,
  ): Promise<SaveResult> {
    return inTransaction<SaveResult>(db, () => {
      const before = selectSize.get({ appId }) as { bytes: number; savedAt: number } | undefined;
      if (!may(before?.savedAt)) return { kind: 'kept' };
      replace.run({ appId, savedAt, source, body });
      return { kind: 'saved', bytesBefore: before?.bytes ?? 0 };
    });
  }

  return {
    async load(appId) {
      const row = select.get({ appId }) as ListRow | undefined;
      if (row === undefined) return undefined;
      return { body: asBuffer(row.body), savedAt: row.savedAt, source: row.source };
    },
    save: (appId, list) => replaceWhere(appId, list, () => true),
    saveIfNewer: (appId, list) =>
      replaceWhere(appId, list, (savedAt) => savedAt === undefined || savedAt < list.savedAt),
    async forget(appId) {
      return remove.run({ appId }).changes > 0;
    },
  };
}

/**
 * Reads only the index `lists_overview`: with 20,000 lists of 100 KB, 2 MB instead of 2 GB. An appId is ASCII, so the
 * order of its bytes is that of its code units.
 */
export function sqliteListIndex(db: DatabaseSync): ListIndex {
  const select = db.prepare(
    `SELECT app_id AS appId, saved_at AS savedAt, source, length(body) AS bytes FROM lists
     WHERE app_id > :after ORDER BY app_id LIMIT :limit`,
  );
  return {
    async index(after = '', limit) {
      return select.all({ after, limit }).map((row) => ({ ...row })) as unknown as ListIndexEntry[];
    },
  };
}
