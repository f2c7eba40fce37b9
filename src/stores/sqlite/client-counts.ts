import type { DatabaseSync } from 'node:sqlite';

import type { ClientCount, ClientCounts } from '../../history/ports.ts';
import type { GroupCommit } from './transaction.ts';

/** Requests of clients in the table `client_counts`. */
export function sqliteClientCounts(
  db: DatabaseSync,
  { writeSoon }: Pick<GroupCommit, 'writeSoon'>,
): ClientCounts {
  const add = db.prepare(
    `INSERT INTO client_counts (bucket, client, code, count) VALUES (:bucket, :client, :code, :count)
     ON CONFLICT (bucket, client, code) DO UPDATE SET count = count + excluded.count`,
  );
  const select = db.prepare(
    'SELECT client, code, bucket, count FROM client_counts WHERE bucket >= ?',
  );

  return {
    addCounts: (counts) =>
      writeSoon(() => {
        for (const { client, code, bucket, count } of counts) {
          add.run({ client, code, bucket, count });
        }
      }),
    async countsSince(from) {
      return select.all(from).map((row) => ({ ...row })) as unknown as ClientCount[];
    },
  };
}
