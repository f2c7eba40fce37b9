import type { DatabaseSync } from 'node:sqlite';

import { LONGEST_SESSION_MS, type SessionStore, type SigningKey } from '../../auth/ports.ts';
import type { GroupCommit } from './transaction.ts';

interface KeyRow {
  readonly id: string;
  readonly secret: string;
  readonly createdAt: number;
  readonly retiresAt: number | null;
}

/** Signing keys in the table `session_keys`, ended sessions in `session_ends`. */
export function sqliteSessions(
  db: DatabaseSync,
  { write }: Pick<GroupCommit, 'write'>,
): SessionStore {
  const selectKeys = db.prepare(
    `SELECT id, secret, created_at AS createdAt, retires_at AS retiresAt FROM session_keys
     ORDER BY created_at DESC, id`,
  );
  const insertKey = db.prepare(
    'INSERT INTO session_keys (id, secret, created_at) VALUES (:id, :secret, :createdAt)',
  );
  const retireKeys = db.prepare(
    'UPDATE session_keys SET retires_at = MIN(COALESCE(retires_at, :retiresAt), :retiresAt)',
  );
  const removeKeys = db.prepare('DELETE FROM session_keys WHERE retires_at <= :now');
  const insertEnd = db.prepare(
    `INSERT INTO session_ends (client, subject, ended_until) VALUES (:client, :subject, :at)
     ON CONFLICT (client, subject) DO UPDATE SET ended_until = MAX(ended_until, excluded.ended_until)`,
  );
  const removeEnds = db.prepare('DELETE FROM session_ends WHERE ended_until <= :before');
  const selectEnd = db.prepare(
    `SELECT MAX(ended_until) AS endedUntil FROM session_ends
     WHERE client = :client AND subject IN ('', :subject)`,
  );

  const keys = () => (selectKeys.all() as unknown as KeyRow[]).map(keyOf);
  const insert = ({ id, secret, createdAt }: SigningKey) =>
    insertKey.run({ id, secret, createdAt });

  return {
    async signingKeys(first) {
      const known = keys();
      if (known.length > 0 || first === undefined) return known;
      return write(() => {
        // Again, now with the lock: a command may have added one.
        if (keys().length === 0) insert(first);
        return keys();
      });
    },
    rotateKey(next, retiresAt) {
      return write(() => {
        retireKeys.run({ retiresAt });
        removeKeys.run({ now: next.createdAt });
        insert(next);
      });
    },
    end(client, subject = '', at) {
      return write(() => {
        removeEnds.run({ before: at - LONGEST_SESSION_MS });
        insertEnd.run({ client, subject, at });
      });
    },
    async endedUntil(client, subject = '') {
      const row = selectEnd.get({ client, subject });
      return (row?.['endedUntil'] as number | null | undefined) ?? -Infinity;
    },
  };
}

function keyOf({ retiresAt, ...key }: KeyRow): SigningKey {
  return { ...key, retiresAt: retiresAt ?? undefined };
}
