/**
 * A process that charges until it is killed, and prints the id of each charge as soon as the ledger has promised it.
 * Argument: the path of the SQLite file.
 */
import { writeSync } from 'node:fs';

import { openSqliteStores } from '../../src/stores/sqlite/sqlite-stores.ts';
import { attemptAt, quotaRule, T0 } from './quota-rules.ts';

const { ledger } = openSqliteStores(process.argv[2] ?? '');
const rules = [quotaRule(Number.MAX_SAFE_INTEGER)];
for (let i = 0; ; i++) {
  const charge = await ledger.charge('wx_a', attemptAt(T0 + i), rules);
  if (charge.kind === 'charged') writeSync(process.stdout.fd, `${charge.attemptId}\n`);
}
