import type { DatabaseSync } from 'node:sqlite';

import { FETCHES_KEPT, type FetchHistory, type ListFetch } from '../../history/ports.ts';
import type { ActivityWriter } from './activity.ts';
import type { GroupCommit } from './transaction.ts';

interface FetchRow extends Omit<ListFetch, Sizes> {
  readonly bytes: number | null;
  readonly friends: number | null;
  readonly chatrooms: number | null;
  readonly ghs: number | null;
}

type Sizes = 'bytes' | 'friends' | 'chatrooms' | 'ghs';

/** The last fetches of each account in the table `list_fetches`. */
export function sqliteFetches(
  db: DatabaseSync,
  { writeSoon }: Pick<GroupCommit, 'writeSoon'>,
  activity: Pick<ActivityWriter, 'fetched'>,
): FetchHistory {
  const insert = db.prepare(
    `INSERT INTO list_fetches
       (app_id, number, at, duration_ms, outcome, bytes, friends, chatrooms, ghs, request_id)
     SELECT :appId, COALESCE(MAX(number), 0) + 1,
            :at, :durationMs, :outcome, :bytes, :friends, :chatrooms, :ghs, :requestId
     FROM list_fetches WHERE app_id = :appId`,
  );
  const removeOld = db.prepare(
    `DELETE FROM list_fetches WHERE app_id = :appId AND number <=
       (SELECT MAX(number) FROM list_fetches WHERE app_id = :appId) - ${FETCHES_KEPT}`,
  );
  const select = db.prepare(
    `SELECT app_id AS appId, at, duration_ms AS durationMs, outcome, bytes, friends, chatrooms, ghs,
            request_id AS requestId
     FROM list_fetches WHERE app_id = ? ORDER BY number DESC`,
  );

  function add(fetch: ListFetch): void {
    const { appId, bytes = null, friends = null, chatrooms = null, ghs = null } = fetch;
    insert.run({ ...fetch, bytes, friends, chatrooms, ghs });
    removeOld.run({ appId });
    activity.fetched(fetch);
  }

  return {
    addFetches: (fetches) => writeSoon(() => fetches.forEach(add)),
    async fetches(appId) {
      return (select.all(appId) as unknown as FetchRow[]).map(fetchOf);
    },
  };
}

function fetchOf({ bytes, friends, chatrooms, ghs, ...fetch }: FetchRow): ListFetch {
  return {
    ...fetch,
    bytes: bytes ?? undefined,
    friends: friends ?? undefined,
    chatrooms: chatrooms ?? undefined,
    ghs: ghs ?? undefined,
  };
}
