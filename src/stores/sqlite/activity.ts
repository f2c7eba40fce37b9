import type { DatabaseSync } from 'node:sqlite';

import type {
  AccountActivity,
  ActivityIndex,
  CountedRefusal,
  ListFetch,
} from '../../history/ports.ts';

const DAY_MS = 24 * 3_600_000;

/** Runs within the transaction of what happened. */
export interface ActivityWriter {
  attempted(appId: string, at: number): void;
  refused(refusal: Pick<CountedRefusal, 'appId' | 'at' | 'count'>): void;
  fetched(fetch: Pick<ListFetch, 'appId' | 'at' | 'durationMs' | 'outcome'>): void;
}

export interface ActivityRow {
  readonly appId: string;
  readonly attemptAt: number | null;
  readonly day: number | null;
  readonly count: number | null;
  readonly fetchAt: number | null;
  readonly durationMs: number | null;
  readonly outcome: ListFetch['outcome'] | null;
}

/** The last of what happened to each account in the table `account_activity`. */
export function sqliteActivity(db: DatabaseSync): ActivityIndex & ActivityWriter {
  // Refusals are written a moment later, so one may come after something later.
  const attempt = db.prepare(
    `INSERT INTO account_activity (app_id, attempt_at) VALUES (?, ?)
     ON CONFLICT (app_id) DO UPDATE SET attempt_at = MAX(COALESCE(attempt_at, 0), excluded.attempt_at)`,
  );
  const refuse = db.prepare(
    `INSERT INTO account_activity (app_id, refused_day, refused_count) VALUES (:appId, :day, :count)
     ON CONFLICT (app_id) DO UPDATE SET
       refused_count = excluded.refused_count + IIF(refused_day = excluded.refused_day, refused_count, 0),
       refused_day = excluded.refused_day
     WHERE refused_day IS NULL OR refused_day <= excluded.refused_day`,
  );
  const fetch = db.prepare(
    `INSERT INTO account_activity (app_id, fetch_at, fetch_duration_ms, fetch_outcome)
     VALUES (:appId, :at, :durationMs, :outcome)
     ON CONFLICT (app_id) DO UPDATE SET fetch_at = excluded.fetch_at,
       fetch_duration_ms = excluded.fetch_duration_ms, fetch_outcome = excluded.fetch_outcome`,
  );
  const select = db.prepare(
    `SELECT app_id AS appId, attempt_at AS attemptAt, refused_day AS day, refused_count AS count,
            fetch_at AS fetchAt, fetch_duration_ms AS durationMs, fetch_outcome AS outcome
     FROM account_activity WHERE app_id > :after ORDER BY app_id LIMIT :limit`,
  );

  return {
    attempted: (appId, at) => void attempt.run(appId, at),
    refused({ appId, at, count }) {
      attempt.run(appId, at);
      refuse.run({ appId, day: Math.floor(at / DAY_MS), count });
    },
    fetched: ({ appId, at, durationMs, outcome }) =>
      void fetch.run({ appId, at, durationMs, outcome }),
    async activity(after = '', limit) {
      return (select.all({ after, limit }) as unknown as ActivityRow[]).map(activityOf);
    },
  };
}

export function activityOf(row: ActivityRow): AccountActivity {
  const { appId, attemptAt, day, count, fetchAt, durationMs, outcome } = row;
  const wasFetched = fetchAt !== null && durationMs !== null && outcome !== null;
  return {
    appId,
    lastAttemptAt: attemptAt ?? undefined,
    refused: day === null || count === null ? undefined : { day, count },
    lastFetch: wasFetched ? { at: fetchAt, durationMs, outcome } : undefined,
  };
}
