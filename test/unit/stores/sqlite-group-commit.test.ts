import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { sqliteAccounts } from '../../../src/stores/sqlite/accounts.ts';
import { openDatabase } from '../../../src/stores/sqlite/database.ts';
import { sqliteHistory } from '../../../src/stores/sqlite/history.ts';
import { sqliteIdempotency } from '../../../src/stores/sqlite/idempotency.ts';
import { sqliteLedger } from '../../../src/stores/sqlite/ledger.ts';
import { createGroupCommit, type GroupCommit } from '../../../src/stores/sqlite/transaction.ts';
import { movableClock } from '../../support/movable-clock.ts';
import { ANN, DAY_MS, quotaRule, T0, entryOf } from '../../support/quota-rules.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('writes that are committed as a group', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let db: DatabaseSync;
  let other: DatabaseSync;
  let close: () => void;
  let group: GroupCommit;
  let inPlace: () => void;
  beforeEach(async () => {
    folder = await temporaryFolder();
    const path = join(folder.path, 'gateway.db');
    ({ db, close } = openDatabase(path));
    other = new DatabaseSync(path);
    inPlace = () => undefined;
    group = createGroupCommit(db, () => inPlace());
  });
  afterEach(async () => {
    other.close();
    close();
    await folder.remove();
  });

  const insert = (name: string) => () =>
    void db.prepare('INSERT INTO meta (name, value) VALUES (?, 1)').run(name);
  /** What another connection sees, so what was committed. */
  const committed = () =>
    other
      .prepare("SELECT name FROM meta WHERE name <> 'checks' ORDER BY name")
      .all()
      .map((row) => row['name']);
  const outcomes = async (writes: readonly Promise<unknown>[]) =>
    (await Promise.allSettled(writes)).map((one) =>
      one.status === 'fulfilled' ? 'written' : (one.reason as Error).message,
    );

  function openLedger() {
    const clock = movableClock(T0);
    return sqliteLedger(db, clock, group, sqliteHistory(db, clock, group));
  }

  /** How often `writes` make SQLite execute `sql`. */
  async function timesExecuted(sql: RegExp, writes: () => Promise<unknown>): Promise<number> {
    let times = 0;
    const exec = db.exec.bind(db);
    db.exec = (text) => {
      if (sql.test(text)) times++;
      exec(text);
    };
    await writes();
    return times;
  }

  test('of one turn share one transaction, and each gets its own result', async () => {
    const ledger = openLedger();
    const idempotency = sqliteIdempotency(db, group);
    const times = { now: T0, leaseUntil: T0 + 1, expiresAt: T0 + DAY_MS };
    let results: unknown[] = [];
    const commits = await timesExecuted(/COMMIT/, async () => {
      results = await Promise.all([
        ledger.charge('wx_a', ANN, [quotaRule(1)], entryOf()),
        ledger.charge('wx_a', ANN, [quotaRule(1)], entryOf()),
        ledger.charge('wx_b', ANN, [quotaRule(1)], entryOf()),
        idempotency.acquire({ appId: 'wx_a', id: 'k' }, 'body', times),
        idempotency.acquire({ appId: 'wx_a', id: 'k' }, 'body', times),
      ]);
    });
    expect(commits).toBe(1);
    expect(results.map((result) => (result as { kind: string }).kind)).toEqual([
      'charged',
      'refused',
      'charged',
      'acquired',
      'in-progress',
    ]);
  });

  test('are confirmed only after another connection sees them', async () => {
    let seen: unknown;
    const written = group.write(insert('a')).then(() => (seen = committed()));
    expect(committed()).toEqual([]);
    await written;
    expect(seen).toEqual(['a']);
  });

  test('run in the order of their calls', async () => {
    const order: number[] = [];
    await Promise.all([1, 2, 3].map((n) => group.write(() => order.push(n))));
    expect(order).toEqual([1, 2, 3]);
  });

  test('are committed even if one of them throws, which alone fails', async () => {
    const writes = [
      group.write(insert('a')),
      group.write(() => {
        insert('half')();
        throw new Error('halfway');
      }),
      group.write(insert('b')),
    ];
    expect(await outcomes(writes)).toEqual(['written', 'halfway', 'written']);
    expect(committed()).toEqual(['a', 'b']);
  });

  test('all fail with the error of the disk if it accepts none, and nothing is written', async () => {
    db.exec('PRAGMA query_only = ON');
    const failed = await outcomes(['a', 'b', 'c'].map((name) => group.write(insert(name))));
    expect(failed).toEqual(Array(3).fill('attempt to write a readonly database'));
    expect(db.isTransaction).toBe(false);
    db.exec('PRAGMA query_only = OFF');
    expect(committed()).toEqual([]);
    await group.write(insert('d'));
    expect(committed()).toEqual(['d']);
  });

  test('all fail after one wait for a lock that another process holds', async () => {
    other.exec('BEGIN IMMEDIATE');
    let failed: unknown;
    const waits = await timesExecuted(/BEGIN IMMEDIATE/, async () => {
      failed = await outcomes(['a', 'b', 'c'].map((name) => group.write(insert(name))));
    });
    expect(waits).toBe(1);
    expect(failed).toEqual(Array(3).fill('database is locked'));
    other.exec('ROLLBACK');
  });

  test('all fail, and nothing is written, if the file is no longer at its path', async () => {
    inPlace = () => {
      throw new Error('gone');
    };
    expect(await outcomes([group.write(insert('a')), group.write(insert('b'))])).toEqual([
      'gone',
      'gone',
    ]);
    expect(committed()).toEqual([]);
  });

  test('free a released key once that the disk failed to free, and keep a later record of it', async () => {
    const idempotency = sqliteIdempotency(db, group);
    const times = { now: T0, leaseUntil: T0 + 1000, expiresAt: T0 + DAY_MS };
    const key = { appId: 'wx_a', id: 'k' };
    await idempotency.acquire(key, 'body', times);
    db.exec('PRAGMA query_only = ON');
    await expect(idempotency.release(key)).rejects.toThrow(/readonly/);
    db.exec('PRAGMA query_only = OFF');
    const [again, another] = await Promise.all([
      idempotency.acquire(key, 'body', times),
      idempotency.acquire({ appId: 'wx_a', id: 'another' }, 'body', times),
    ]);
    expect([again.kind, another.kind]).toEqual(['acquired', 'acquired']);
    expect(await idempotency.acquire(key, 'body', times)).toEqual({ kind: 'in-progress' });
  });

  test('do not include the first sight of an account, which is committed at once without a sync', async () => {
    const charged = openLedger().charge('wx_a', ANN, [quotaRule(1)], entryOf());
    const seen = sqliteAccounts(db, group).seen('wx_a', T0);
    const count = (table: string) =>
      other.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows'];
    expect([count('accounts'), count('attempts')]).toEqual([1, 0]);
    await Promise.all([charged, seen]);
    expect(count('attempts')).toBe(1);
    // 2 is FULL: the first sight has not changed it for the charge.
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
  });

  test('wait for the disk if one of them must', async () => {
    const synced = () => db.prepare('PRAGMA synchronous').get()?.['synchronous'];
    await Promise.all([group.writeSoon(insert('a')), group.writeSoon(insert('b'))]);
    expect([committed(), synced()]).toEqual([['a', 'b'], 1]);
    await Promise.all([group.writeSoon(insert('c')), group.write(insert('d'))]);
    // 2 is FULL.
    expect([committed(), synced()]).toEqual([['a', 'b', 'c', 'd'], 2]);
  });

  test('are committed by a flush while they wait', async () => {
    const written = group.write(insert('a'));
    group.flush();
    expect(committed()).toEqual(['a']);
    await written;
    await nextTurn();
  });
});
