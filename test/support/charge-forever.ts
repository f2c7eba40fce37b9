/**
 * A process that charges until it is killed, and prints the id of each charge as soon as the ledger has confirmed it.
 * Argument: the path of the SQLite file.
 */
import { writeSync } from 'node:fs';

import { openSqliteStores } from '../../src/stores/sqlite/sqlite-stores.ts';
import { movableClock } from './movable-clock.ts';
import { ANN, quotaRule, T0, entryOf } from './quota-rules.ts';

const clock = movableClock(T0);
const { ledger } = openSqliteStores(process.argv[2] ?? '', clock, 0);
const rules = [quotaRule(Number.MAX_SAFE_INTEGER)];
for (;;) {
  const charge = await ledger.charge('wx_a', ANN, rules, entryOf());
  clock.advance(1);
  if (charge.kind === 'charged') print(`${charge.attemptId}\n`);
}

/** Waits for a slow reader: when the pipe is full, this process must not end. */
function print(line: string): void {
  for (let rest = Buffer.from(line); rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(process.stdout.fd, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
