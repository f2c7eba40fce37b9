import type { DatabaseSync } from 'node:sqlite';

import type { ActionJournal, AdminAction } from '../../history/ports.ts';
import type { GroupCommit } from './transaction.ts';

interface ActionRow extends Omit<AdminAction, 'before' | 'after'> {
  readonly id: number;
  readonly before: string | null;
  readonly after: string | null;
}

/** Operators' changes in the table `journal_actions`. */
export function sqliteActions(
  db: DatabaseSync,
  { write }: Pick<GroupCommit, 'write'>,
  nextId: () => number,
): ActionJournal {
  const insert = db.prepare(
    `INSERT INTO journal_actions (id, at, app_id, who, what, before, after, request_id)
     VALUES (:id, :at, :appId, :who, :what, :before, :after, :requestId)`,
  );
  const select = db.prepare(
    `SELECT id, at, app_id AS appId, who, what, before, after, request_id AS requestId
     FROM journal_actions WHERE app_id = :appId AND id < :below ORDER BY id DESC LIMIT :limit`,
  );

  return {
    addAction({ before = null, after = null, ...action }) {
      return write(() => void insert.run({ ...action, before, after, id: nextId() }));
    },
    async actions(appId, { after, limit }) {
      const below = after === undefined ? Number.MAX_SAFE_INTEGER : Number(after);
      const rows = select.all({ appId, below, limit }) as unknown as ActionRow[];
      return rows.map((row) => ({
        ...row,
        id: String(row.id),
        before: row.before ?? undefined,
        after: row.after ?? undefined,
      }));
    },
  };
}
