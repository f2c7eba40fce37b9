/** How each section of a copy is read from the tables, and written into them. */
import { randomUUID } from 'node:crypto';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

import type { AccountActivity, AttemptEntry } from '../../history/ports.ts';
import type { Records, Section } from '../transfer.ts';
import { activityOf, type ActivityRow } from './activity.ts';
import { attemptOf, refusalOf, type AttemptRow, type RefusalRow } from './attempt-journal.ts';
import { asBuffer } from './database.ts';

type Row = Record<string, unknown>;

export interface CopiedTable<Record> {
  /** Of all rows, in the order that the section has. */
  readonly select: string;
  recordOf(row: Row): Record;
  writer(db: DatabaseSync): (record: Record) => void;
}

interface Plain {
  readonly table: string;
  /** From the names of a record's members to those of the columns. */
  readonly columns: Readonly<Record<string, string>>;
  readonly order: string;
  /** What a new row has beside the record. */
  readonly added?: (db: DatabaseSync) => (record: never) => Row;
}

/** Members and columns are the same, but for their names. */
function plain<S extends Section>({
  table,
  columns,
  order,
  added,
}: Plain): CopiedTable<Records[S]> {
  const names = Object.entries(columns);
  return {
    select: `SELECT ${names.map(([member, column]) => `${column} AS ${member}`).join(', ')}
             FROM ${table} ORDER BY ${order}`,
    recordOf: (row) => withoutNulls(row) as unknown as Records[S],
    writer(db) {
      const more = added?.(db);
      const insert = inserter(db, table);
      return (record) => {
        const members = record as unknown as Row;
        const row = Object.fromEntries(names.map(([member, column]) => [column, members[member]]));
        insert({ ...row, ...more?.(record as never) });
      };
    },
  };
}

/** Inserts rows. Columns that a row does not have are null. */
function inserter(db: DatabaseSync, table: string): (row: Row) => void {
  const columns = db.prepare(`SELECT name FROM pragma_table_info('${table}')`).all();
  const names = columns.map(({ name }) => String(name));
  const insert = db.prepare(
    `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
  );
  return (row) => insert.run(...names.map((name) => (row[name] ?? null) as SQLInputValue));
}

function withoutNulls(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      if (value === null) return [name, undefined];
      return [name, value instanceof Uint8Array ? asBuffer(value) : value];
    }),
  );
}

const MINUTE_MS = 60_000;
const FACTS = 'id, at, app_id AS appId, client, subject, option, target, request_id AS requestId';

/** Attempts and refusals, which have a table each. Their ids come from one sequence. */
const attempts: CopiedTable<AttemptEntry> = {
  select: `SELECT ${FACTS}, outcome, until, ret, code, rule, 1 AS count FROM journal_attempts
           UNION ALL
           SELECT ${FACTS}, 'counted', 0, NULL, code, rule, count FROM journal_refusals
           ORDER BY id`,
  recordOf: (row) =>
    row['outcome'] === 'counted'
      ? refusalOf(row as unknown as RefusalRow)
      : attemptOf(row as unknown as AttemptRow),
  writer(db) {
    const [insertAttempt, insertRefusal] = [
      inserter(db, 'journal_attempts'),
      inserter(db, 'journal_refusals'),
    ];
    const nextId = idsAfterLast(db);
    return ({ appId, requestId, outcome, count, ...rest }) => {
      const facts = { ...rest, app_id: appId, request_id: requestId, id: nextId() };
      if (outcome.kind === 'refused') {
        const { code, rule } = outcome;
        insertRefusal({ ...facts, code, rule, count, minute: Math.floor(rest.at / MINUTE_MS) });
        return;
      }
      insertAttempt({
        ...facts,
        outcome: outcome.kind,
        until: outcome.kind === 'pending' ? outcome.until : rest.at,
        ret: outcome.kind === 'sent' ? outcome.ret : null,
      });
    };
  },
};

const activity: CopiedTable<AccountActivity> = {
  select: `SELECT app_id AS appId, attempt_at AS attemptAt, refused_day AS day, refused_count AS count,
             fetch_at AS fetchAt, fetch_duration_ms AS durationMs, fetch_outcome AS outcome
           FROM account_activity ORDER BY app_id`,
  recordOf: (row) => activityOf(row as unknown as ActivityRow),
  writer(db) {
    const insert = inserter(db, 'account_activity');
    return ({ appId, lastAttemptAt, refused, lastFetch }) =>
      insert({
        app_id: appId,
        attempt_at: lastAttemptAt,
        refused_day: refused?.day,
        refused_count: refused?.count,
        fetch_at: lastFetch?.at,
        fetch_duration_ms: lastFetch?.durationMs,
        fetch_outcome: lastFetch?.outcome,
      });
  },
};

/** The ids of the journals come from one sequence. */
const WITH_IDS = ['journal_attempts', 'journal_refusals', 'journal_actions'];

/** Continues after the highest id. */
function idsAfterLast(db: DatabaseSync): () => number {
  const highest = WITH_IDS.map((table) => {
    const row = db.prepare(`SELECT COALESCE(MAX(id), 0) AS id FROM ${table}`).get();
    return Number(row?.['id']);
  });
  let id = Math.max(...highest);
  return () => (id += 1);
}

/** Numbers from 1 on for each account. */
function perAccount(): (record: { readonly appId: string }) => { readonly number: number } {
  const last = new Map<string, number>();
  return ({ appId }) => {
    const number = (last.get(appId) ?? 0) + 1;
    last.set(appId, number);
    return { number };
  };
}

export const COPIED_TABLES: { readonly [S in Section]: CopiedTable<Records[S]> } = {
  clocks: plain<'clocks'>({
    table: 'accounts',
    columns: {
      appId: 'app_id',
      declaredOnlineSince: 'declared_online_since',
      firstSeenAt: 'first_seen_at',
    },
    order: 'app_id',
  }),
  charges: plain<'charges'>({
    table: 'attempts',
    columns: { appId: 'app_id', at: 'at', kind: 'kind', target: 'target' },
    order: 'app_id, at',
    added: () => () => ({ attempt_id: randomUUID() }),
  }),
  answers: plain<'answers'>({
    table: 'idempotency',
    columns: {
      appId: 'app_id',
      id: 'key',
      fingerprint: 'fingerprint',
      expiresAt: 'expires_at',
      answer: 'answer',
    },
    order: 'key',
    added: () => () => ({ lease_until: 0 }),
  }),
  sessionKeys: plain<'sessionKeys'>({
    table: 'session_keys',
    columns: { id: 'id', secret: 'secret', createdAt: 'created_at', retiresAt: 'retires_at' },
    order: 'created_at, id',
  }),
  sessionEnds: plain<'sessionEnds'>({
    table: 'session_ends',
    columns: { client: 'client', subject: 'subject', endedUntil: 'ended_until' },
    order: 'client, subject',
  }),
  issuerKeys: plain<'issuerKeys'>({
    table: 'issuer_keys',
    columns: { source: 'source', keys: 'keys', fetchedAt: 'fetched_at' },
    order: 'source',
  }),
  lists: plain<'lists'>({
    table: 'lists',
    columns: { appId: 'app_id', savedAt: 'saved_at', source: 'source', body: 'body' },
    order: 'app_id',
  }),
  attempts,
  actions: plain<'actions'>({
    table: 'journal_actions',
    columns: {
      appId: 'app_id',
      at: 'at',
      who: 'who',
      what: 'what',
      before: 'before',
      after: 'after',
      requestId: 'request_id',
    },
    order: 'id',
    added(db) {
      const nextId = idsAfterLast(db);
      return () => ({ id: nextId() });
    },
  }),
  fetches: plain<'fetches'>({
    table: 'list_fetches',
    columns: {
      appId: 'app_id',
      at: 'at',
      durationMs: 'duration_ms',
      outcome: 'outcome',
      bytes: 'bytes',
      friends: 'friends',
      chatrooms: 'chatrooms',
      ghs: 'ghs',
      requestId: 'request_id',
    },
    order: 'app_id, number',
    added: perAccount,
  }),
  activity,
  counts: plain<'counts'>({
    table: 'client_counts',
    columns: { client: 'client', code: 'code', bucket: 'bucket', count: 'count' },
    order: 'bucket, client, code',
  }),
};
