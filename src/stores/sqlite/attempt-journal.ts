import type { DatabaseSync } from 'node:sqlite';

import type {
  AttemptEntry,
  AttemptFacts,
  AttemptJournal,
  AttemptOutcome,
  CountedRefusal,
  NewAttemptEntry,
} from '../../history/ports.ts';
import type { Clock } from '../../time.ts';
import type { ActivityWriter } from './activity.ts';
import type { GroupCommit } from './transaction.ts';

const MINUTE_MS = 60_000;
/** The columns of both tables, in the order of `factsOf`. */
const FACTS = 'app_id, client, subject, option, target, request_id';

/** A journal, and the part of it that is written within transactions of others. */
export interface SqliteJournal extends AttemptJournal {
  /** Writes a pending entry at `at`. Returns its id. */
  beginAt(entry: NewAttemptEntry, at: number): string;
  completeNow(appId: string, id: string, outcome: AttemptOutcome): void;
}

interface JournalParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly group: Pick<GroupCommit, 'write' | 'writeSoon'>;
  readonly activity: Pick<ActivityWriter, 'attempted' | 'refused'>;
  nextId(): number;
}

/**
 * Attempts that were charged or begun in the table `journal_attempts`, refused ones in `journal_refusals`. Parameters of
 * what comes with every charge are positional, see `sqliteLedger`.
 */
export function sqliteJournal(
  db: DatabaseSync,
  { clock, group, activity, nextId }: JournalParts,
): SqliteJournal {
  const insert = db.prepare(
    `INSERT INTO journal_attempts (${FACTS}, id, at, until, outcome)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')`,
  );
  const complete = db.prepare(
    `UPDATE journal_attempts SET outcome = ?, ret = ?, code = ?, rule = ?
     WHERE id = ? AND app_id = ? AND outcome = 'pending'`,
  );
  const addRefusal = refusalWriter(db, nextId);
  const attempts = attemptReader(db);

  function beginAt(entry: NewAttemptEntry, at: number): string {
    const id = nextId();
    insert.run(...factsOf(entry), id, at, at + entry.deadlineMs);
    activity.attempted(entry.appId, at);
    return String(id);
  }

  function completeNow(appId: string, id: string, outcome: AttemptOutcome): void {
    const ret = outcome.kind === 'sent' ? outcome.ret : undefined;
    const { code, rule } = outcome.kind === 'refused' ? outcome : NOT_REFUSED;
    const result = [ret ?? null, code ?? null, rule ?? null] as const;
    complete.run(outcome.kind, ...result, Number(id), appId);
  }

  return {
    beginAt,
    completeNow,
    begin: (entry) => group.write(() => beginAt(entry, clock.now())),
    // A power cut may lose it. Then the entry reads as unknown, which is true.
    complete: (appId, id, outcome) => group.writeSoon(() => completeNow(appId, id, outcome)),
    addRefusals(refusals) {
      return group.writeSoon(() => {
        for (const refusal of refusals) {
          addRefusal(refusal);
          activity.refused(refusal);
        }
      });
    },
    async attempts(appId, { after, limit }) {
      return attempts(appId, after === undefined ? Number.MAX_SAFE_INTEGER : Number(after), limit);
    },
  };
}

/** The code and rule of an attempt with another outcome. */
export const NOT_REFUSED = { code: undefined, rule: undefined };

function refusalWriter(db: DatabaseSync, nextId: () => number): (refusal: CountedRefusal) => void {
  const count = db.prepare(
    `UPDATE journal_refusals SET count = count + ?
     WHERE app_id = ? AND minute = ? AND client = ? AND subject IS ? AND code = ? AND rule IS ?`,
  );
  const insert = db.prepare(
    `INSERT INTO journal_refusals (${FACTS}, id, at, code, rule, minute, count)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );

  return (refusal) => {
    const { appId, client, subject = null, code, rule = null, at } = refusal;
    const minute = Math.floor(at / MINUTE_MS);
    const known = count.run(refusal.count, appId, minute, client, subject, code, rule);
    if (known.changes > 0) return;
    insert.run(...factsOf(refusal), nextId(), at, code, rule, minute, refusal.count);
  };
}

interface FactRow {
  readonly id: number;
  readonly at: number;
  readonly appId: string;
  readonly client: string;
  readonly subject: string | null;
  readonly option: AttemptFacts['option'];
  readonly target: string;
  readonly requestId: string;
}

export interface AttemptRow extends FactRow {
  readonly outcome: 'pending' | AttemptOutcome['kind'];
  readonly until: number;
  readonly ret: number | null;
  readonly code: string | null;
  readonly rule: string | null;
}

export interface RefusalRow extends FactRow {
  readonly code: CountedRefusal['code'];
  readonly rule: string | null;
  readonly count: number;
}

/** Reads at most `limit` entries of both tables whose ids are below `before`, newest first. */
function attemptReader(
  db: DatabaseSync,
): (appId: string, before: number, limit: number) => AttemptEntry[] {
  const facts = 'id, at, app_id AS appId, client, subject, option, target, request_id AS requestId';
  const page = 'WHERE app_id = ? AND id < ? ORDER BY id DESC LIMIT ?';
  const selectAttempts = db.prepare(
    `SELECT ${facts}, outcome, until, ret, code, rule FROM journal_attempts ${page}`,
  );
  const selectRefusals = db.prepare(
    `SELECT ${facts}, code, rule, count FROM journal_refusals ${page}`,
  );

  return (appId, before, limit) => {
    const attempts = selectAttempts.all(appId, before, limit) as unknown as AttemptRow[];
    const refusals = selectRefusals.all(appId, before, limit) as unknown as RefusalRow[];
    return [...attempts.map(attemptOf), ...refusals.map(refusalOf)]
      .sort((a, b) => Number(b.id) - Number(a.id))
      .slice(0, limit);
  };
}

export function attemptOf(row: AttemptRow): AttemptEntry {
  return { ...entryOf(row), outcome: outcomeOf(row), count: 1 };
}

export function refusalOf(row: RefusalRow): AttemptEntry {
  const outcome = { kind: 'refused', code: row.code, rule: row.rule ?? undefined } as const;
  return { ...entryOf(row), outcome, count: row.count };
}

function entryOf({ id, at, appId, client, subject, option, target, requestId }: FactRow) {
  const facts = { appId, client, subject: subject ?? undefined, option, target, requestId };
  return { ...facts, id: String(id), at };
}

function outcomeOf({ outcome: kind, until, ret, code, rule }: AttemptRow): AttemptEntry['outcome'] {
  switch (kind) {
    case 'pending':
      return { kind, until };
    case 'sent':
      return { kind, ret: ret ?? undefined };
    case 'refused':
      return { kind, code: code as CountedRefusal['code'], rule: rule ?? undefined };
    default:
      return { kind };
  }
}

function factsOf({ appId, client, subject, option, target, requestId }: AttemptFacts) {
  return [appId, client, subject ?? null, option, target, requestId] as const;
}
