import type { DatabaseSync } from 'node:sqlite';

import type { ActionJournal, AdminAction, KeptAction } from '../../history/ports.ts';
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
  const columns = 'id, at, app_id AS appId, who, what, before, after, request_id AS requestId';
  const select = db.prepare(
    `SELECT ${columns} FROM journal_actions
     WHERE app_id = :appId AND id < :below ORDER BY id DESC LIMIT :limit`,
  );
  const selectAll = db.prepare(
    `SELECT ${columns} FROM journal_actions WHERE id < :below ORDER BY id DESC LIMIT :limit`,
  );

  return {
    addAction({ before = null, after = null, ...action }) {
      return write(() => void insert.run({ ...action, before, after, id: nextId() }));
    },
    async actions(appId, { after, limit }) {
      const rows = select.all({ appId, below: idBelow(after), limit });
      return (rows as unknown as ActionRow[]).map(readRow);
    },
    async allActions({ after, limit }) {
      const rows = selectAll.all({ below: idBelow(after?.id), limit });
      return (rows as unknown as ActionRow[]).map(readRow);
    },
  };
}

function idBelow(id: string | undefined): number {
  return id === undefined ? Number.MAX_SAFE_INTEGER : Number(id);
}

function readRow({ id, before, after, ...row }: ActionRow): KeptAction {
  return { ...row, id: String(id), before: before ?? undefined, after: after ?? undefined };
}
