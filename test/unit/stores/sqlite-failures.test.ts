import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { checkWrite, openDatabase } from '../../../src/stores/sqlite/database.ts';
import { sqliteHistory } from '../../../src/stores/sqlite/history.ts';
import { sqliteIdempotency } from '../../../src/stores/sqlite/idempotency.ts';
import { sqliteLedger } from '../../../src/stores/sqlite/ledger.ts';
import { sqliteLists } from '../../../src/stores/sqlite/lists.ts';
import {
  createGroupCommit,
  inTransaction,
  type GroupCommit,
} from '../../../src/stores/sqlite/transaction.ts';
import { movableClock } from '../../support/movable-clock.ts';
import { ANN, DAY_MS, quotaRule, T0, entryOf } from '../../support/quota-rules.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const named = (id: string) => ({ appId: 'wx_a', id });

describe('SQLite stores on a disk that fails for a time', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let db: DatabaseSync;
  let close: () => void;
  let group: GroupCommit;
  beforeEach(async () => {
    folder = await temporaryFolder();
    ({ db, close } = openDatabase(join(folder.path, 'gateway.db')));
    group = createGroupCommit(db, () => undefined);
  });
  afterEach(async () => {
    close();
    await folder.remove();
  });

  function openLedger() {
    const clock = movableClock(T0);
    const history = sqliteHistory(db, clock, group);
    return { history, ledger: sqliteLedger(db, clock, group, history) };
  }

  /** From now on the file cannot grow, as on a full disk. */
  function fillDisk(): void {
    const pages = db.prepare('PRAGMA page_count').get()?.['page_count'];
    db.exec(`PRAGMA max_page_count = ${Number(pages)}`);
  }

  const emptyDisk = () => db.exec('PRAGMA max_page_count = 1000000');
  const big = { body: Buffer.alloc(500_000), savedAt: T0, source: 'live' } as const;

  test('reject a list while it is full and keep the previous one; later they save it', async () => {
    const lists = sqliteLists(db);
    await lists.save('wx_a', { ...big, body: Buffer.from('old') });
    fillDisk();
    await expect(lists.save('wx_a', big)).rejects.toThrow(/full/);
    expect((await lists.load('wx_a'))?.body.toString()).toBe('old');
    emptyDisk();
    await lists.save('wx_a', big);
    expect((await lists.load('wx_a'))?.body.length).toBe(500_000);
  });

  test('reject charges while it is full and leave no transaction open; later they charge again', async () => {
    const { ledger, history } = openLedger();
    const rules = [quotaRule(10_000)];
    fillDisk();
    let charged = 0;
    const target = 'x'.repeat(500);
    await expect(
      (async () => {
        for (; charged < 1000; charged++) {
          await ledger.charge('wx_a', { kind: 'add', target }, rules, entryOf());
        }
      })(),
    ).rejects.toThrow(/full/);
    expect(db.isTransaction).toBe(false);
    expect((await ledger.usage('wx_a', rules, undefined))[0]?.left).toBe(10_000 - charged);
    const page = { after: undefined, limit: 10_000 };
    expect(await history.attempts('wx_a', page)).toHaveLength(charged);
    emptyDisk();
    expect((await ledger.charge('wx_a', ANN, rules, entryOf())).kind).toBe('charged');
    expect((await ledger.usage('wx_a', rules, undefined))[0]?.left).toBe(9_999 - charged);
  });

  test('reject every write and the check while it is read-only; later they work again', async () => {
    const { ledger, history } = openLedger();
    const idempotency = sqliteIdempotency(db, group);
    const times = { now: T0, leaseUntil: T0 + 1, expiresAt: T0 + DAY_MS };
    db.exec('PRAGMA query_only = ON');
    await expect(ledger.charge('wx_a', ANN, [quotaRule(1)], entryOf())).rejects.toThrow(/readonly/);
    await expect(idempotency.acquire(named('k'), 'body', times)).rejects.toThrow(/readonly/);
    await expect(history.begin(entryOf())).rejects.toThrow(/readonly/);
    expect(() => checkWrite(db)).toThrow(/readonly/);
    expect(db.isTransaction).toBe(false);
    db.exec('PRAGMA query_only = OFF');
    expect((await ledger.charge('wx_a', ANN, [quotaRule(1)], entryOf())).kind).toBe('charged');
    expect((await idempotency.acquire(named('k'), 'body', times)).kind).toBe('acquired');
    checkWrite(db);
  });

  test('keep the response for a key that ends while it is read-only, return it, and write it later', async () => {
    const idempotency = sqliteIdempotency(db, group);
    const times = { now: T0, leaseUntil: T0 + 1000, expiresAt: T0 + DAY_MS };
    await idempotency.acquire(named('answered'), 'body', times);
    await idempotency.acquire(named('given back'), 'body', times);
    db.exec('PRAGMA query_only = ON');
    await expect(idempotency.complete(named('answered'), Buffer.from('yes'))).rejects.toThrow(
      /readonly/,
    );
    await expect(idempotency.release(named('given back'))).rejects.toThrow(/readonly/);
    db.exec('PRAGMA query_only = OFF');
    expect(await idempotency.acquire(named('given back'), 'body', times)).toEqual({
      kind: 'acquired',
    });
    const completed = { kind: 'completed', answer: Buffer.from('yes') };
    expect(await idempotency.acquire(named('answered'), 'body', times)).toEqual(completed);
    expect(await sqliteIdempotency(db, group).acquire(named('answered'), 'body', times)).toEqual(
      completed,
    );
  });

  test('reject a charge while another process holds the lock, and charge afterwards', async () => {
    const { ledger } = openLedger();
    db.exec('PRAGMA busy_timeout = 0');
    const other = new DatabaseSync(join(folder.path, 'gateway.db'));
    other.exec('BEGIN IMMEDIATE');
    await expect(ledger.charge('wx_a', ANN, [quotaRule(1)], entryOf())).rejects.toThrow(/locked/);
    other.exec('ROLLBACK');
    expect((await ledger.charge('wx_a', ANN, [quotaRule(1)], entryOf())).kind).toBe('charged');
    other.close();
  });

  test('roll back a transaction that an earlier call left open', () => {
    db.exec("BEGIN; INSERT INTO meta (name, value) VALUES ('left', 1)");
    const names = inTransaction(db, () =>
      db.prepare("SELECT * FROM meta WHERE name = 'left'").all(),
    );
    expect(names).toEqual([]);
  });

  test('roll back a transaction in which something is thrown, and throw it on', () => {
    expect(() =>
      inTransaction(db, () => {
        db.exec("INSERT INTO meta (name, value) VALUES ('half', 1)");
        throw new Error('halfway');
      }),
    ).toThrow('halfway');
    expect(db.prepare("SELECT * FROM meta WHERE name = 'half'").all()).toEqual([]);
  });
});
