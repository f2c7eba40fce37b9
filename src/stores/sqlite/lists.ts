import type { DatabaseSync } from 'node:sqlite';

import type { ListStore, SavedList } from '../../contacts-list/ports.ts';
import { asBuffer } from './bytes.ts';

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
  const remove = db.prepare('DELETE FROM lists WHERE app_id = :appId');

  return {
    async load(appId) {
      const row = select.get({ appId }) as ListRow | undefined;
      if (row === undefined) return undefined;
      return { body: asBuffer(row.body), savedAt: row.savedAt, source: row.source };
    },
    async save(appId, { body, savedAt, source }) {
      replace.run({ appId, savedAt, source, body });
    },
    async forget(appId) {
      return remove.run({ appId }).changes > 0;
    },
  };
}
