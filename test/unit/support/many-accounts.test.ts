import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { openSqliteStores } from '../../../src/stores/sqlite/sqlite-stores.ts';
import { accountName, fillSqlite } from '../../support/many-accounts.ts';
import { movableClock } from '../../support/movable-clock.ts';
import { DAY_MS, quotaRule, T0 } from '../../support/quota-rules.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'gateway.db');
  await fillSqlite(path, 100, T0);
});
afterEach(() => folder.remove());

test('a filled store has the same content each time', async () => {
  const other = join(folder.path, 'other.db');
  await fillSqlite(other, 100, T0);
  const contentOf = (file: string) => {
    const db = new DatabaseSync(file, { readOnly: true });
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    const rows = tables.map(({ name }) => db.prepare(`SELECT * FROM ${String(name)}`).all());
    db.close();
    return JSON.stringify(rows);
  };
  expect(contentOf(path)).toBe(contentOf(other));
});

test('a filled store agrees with itself: journal, ledger and activity', async () => {
  const stores = openSqliteStores(path, movableClock(T0), 0);
  const { history, ledger } = stores;
  const activity = await history.activity(undefined, 1000);
  expect(activity.map(({ appId }) => appId)).toEqual(
    Array.from({ length: 100 }, (_, i) => accountName(i + 1)),
  );
  for (const { appId, lastAttemptAt, refused } of activity) {
    const attempts = await history.attempts(appId, { after: undefined, limit: 100 });
    expect(attempts[0]?.at).toBe(lastAttemptAt);
    const refusals = attempts.filter(({ outcome }) => outcome.kind === 'refused');
    const [last] = refusals;
    const dayOf = (at: number) => Math.floor(at / DAY_MS);
    const ofDay = refusals.filter(({ at }) => dayOf(at) === dayOf(last?.at ?? 0));
    expect(refused?.count).toBe(
      last === undefined ? undefined : ofDay.reduce((sum, { count }) => sum + count, 0),
    );
    const charged = attempts.filter(
      ({ at, outcome }) => outcome.kind !== 'refused' && at > T0 - DAY_MS,
    );
    const [usage] = await ledger.usage(appId, [quotaRule(100)], undefined);
    expect(usage?.left).toBe(100 - charged.length);
  }
  await stores.close();
});
