/**
 * A process that opens a store, charges once, prints that it did, and keeps the store open. Argument: the path of the
 * SQLite file.
 */
import { systemClock } from '../../src/time.ts';
import { openSqliteStores } from '../../src/stores/sqlite/sqlite-stores.ts';
import { ANN, entryOf } from './quota-rules.ts';

const { ledger } = openSqliteStores(process.argv[2] ?? '', systemClock, 0);
await ledger.charge('wx_a', ANN, [], entryOf());
process.stdout.write('open\n');
setInterval(() => undefined, 1_000_000);
