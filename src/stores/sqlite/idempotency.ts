import type { DatabaseSync } from 'node:sqlite';

import type { IdempotencyStore } from '../../add-contacts/ports.ts';
import { EXPIRED_PER_ACQUIRE, judgeRecord } from '../../add-contacts/idempotency.ts';
import type { IdempotencyRecord } from '../../add-contacts/idempotency.ts';
import { asBuffer } from './database.ts';
import type { GroupCommit } from './transaction.ts';

interface RecordRow {
  readonly fingerprint: string;
  readonly leaseUntil: number;
  readonly expiresAt: number;
  readonly answer: Uint8Array | null;
}

/**
 * First answers in the table `idempotency`. The file belongs to one process, so a record without an answer at the
 * start is from a process that has ended: nobody will answer it, and its lease ends.
 */
export function sqliteIdempotency(db: DatabaseSync, group: GroupCommit): IdempotencyStore {
  db.exec('UPDATE idempotency SET lease_until = 0 WHERE answer IS NULL');
  const select = db.prepare(
    `SELECT fingerprint, lease_until AS leaseUntil, expires_at AS expiresAt, answer
     FROM idempotency WHERE key = :key`,
  );
  const insert = db.prepare(
    `INSERT OR REPLACE INTO idempotency (key, app_id, fingerprint, lease_until, expires_at)
     VALUES (:key, :appId, :fingerprint, :leaseUntil, :expiresAt)`,
  );
  const complete = db.prepare(
    'UPDATE idempotency SET answer = :answer WHERE key = :key AND answer IS NULL',
  );
  // A key with an answer stays, because its request was carried out.
  const release = db.prepare('DELETE FROM idempotency WHERE key = :key AND answer IS NULL');
  const prune = db.prepare(
    `DELETE FROM idempotency WHERE key IN
       (SELECT key FROM idempotency WHERE expires_at <= :now
        ORDER BY expires_at LIMIT ${EXPIRED_PER_ACQUIRE})`,
  );

  function find(key: string): IdempotencyRecord | undefined {
    const row = select.get({ key }) as RecordRow | undefined;
    if (row === undefined) return undefined;
    return { ...row, answer: row.answer === null ? undefined : asBuffer(row.answer) };
  }

  /** How keys ended that the disk did not take: with an answer, or released. */
  const unwritten = new Map<string, Buffer | 'released'>();

  async function settle(key: string, end: Buffer | 'released'): Promise<void> {
    try {
      await group.write(() => {
        if (end === 'released') release.run({ key });
        else complete.run({ key, answer: end });
      });
    } catch (error) {
      unwritten.set(key, end);
      throw error;
    }
  }

  /** Ahead of the next write, in the same transaction. */
  function settleUnwritten(): void {
    const ends = [...unwritten];
    unwritten.clear();
    for (const [key, end] of ends) settle(key, end).catch(() => undefined);
  }

  return {
    acquire({ id: key, appId }, fingerprint, { now, leaseUntil, expiresAt }) {
      settleUnwritten();
      return group.write(() => {
        prune.run({ now });
        const found = judgeRecord(find(key), fingerprint, now);
        if (found.kind === 'acquired')
          insert.run({ key, appId, fingerprint, leaseUntil, expiresAt });
        return found;
      });
    },
    complete: ({ id }, answer) => settle(id, answer),
    release: ({ id }) => settle(id, 'released'),
  };
}
