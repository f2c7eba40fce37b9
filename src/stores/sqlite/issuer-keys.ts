import type { DatabaseSync } from 'node:sqlite';
import type { KeySetStore, StoredKeySet } from '../../auth/issuers/ports.ts';
import type { GroupCommit } from './transaction.ts';

/** The keys of identity providers in the table `issuer_keys`. */
export function sqliteIssuerKeys(db: DatabaseSync, { write }: GroupCommit): KeySetStore {
  const select = db.prepare(
    'SELECT keys, fetched_at AS fetchedAt FROM issuer_keys WHERE source = :source',
  );
  const replace = db.prepare(
    'INSERT OR REPLACE INTO issuer_keys (source, keys, fetched_at) VALUES (:source, :keys, :fetchedAt)',
  );
  return {
    async load(source) {
      const row = select.get({ source }) as unknown as StoredKeySet | undefined;
      return row && { ...row };
    },
    async save(source, { keys, fetchedAt }) {
      await write(() => replace.run({ source, keys, fetchedAt }));
    },
  };
}
