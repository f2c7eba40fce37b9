import { systemClock } from '../../../src/time.ts';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { copyFile, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { MIGRATIONS } from '../../../src/stores/sqlite/migrations.ts';
import { openSqliteStores } from '../../../src/stores/sqlite/sqlite-stores.ts';
import { StoreOpenError } from '../../../src/stores/stores.ts';
import { attemptAt, quotaRule, T0, entryOf } from '../../support/quota-rules.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('openSqliteStores', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let path: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    path = join(folder.path, 'gateway.db');
  });
  afterEach(() => folder.remove());

  /** A file of a gateway with a charge and a list. */
  async function writeOurs(): Promise<void> {
    const stores = openSqliteStores(path, systemClock, 0);
    const body = Buffer.alloc(100_000, 'x');
    await stores.lists.save('wx_a', { body, savedAt: T0, source: 'live' });
    for (let i = 0; i < 50; i++)
      await stores.ledger.charge('wx_a', attemptAt(T0 + i), [], entryOf());
    await stores.close();
  }

  function change(sql: string): void {
    const db = new DatabaseSync(path);
    db.exec(sql);
    db.close();
  }

  /** Overwrites the first page of a table, like a bad disk. */
  function damage(table: string): void {
    const db = new DatabaseSync(path);
    const root = db.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(table);
    const size = db.prepare('PRAGMA page_size').get()?.['page_size'];
    db.close();
    const bytes = readFileSync(path);
    const start = (Number(root?.['rootpage']) - 1) * Number(size);
    bytes.fill(0xff, start, start + Number(size));
    writeFileSync(path, bytes);
  }

  function expectRefusal(words: RegExp): void {
    const before = readFileSync(path);
    let thrown: unknown;
    try {
      void openSqliteStores(path, systemClock, 0).close();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(StoreOpenError);
    const { message } = thrown as StoreOpenError;
    expect(message).toContain(path);
    expect(message).toMatch(words);
    expect(readFileSync(path).equals(before)).toBe(true);
  }

  test('creates files that only its user may read', async () => {
    const stores = openSqliteStores(path, systemClock, 0);
    const modes = readdirSync(folder.path).map((name) => statSync(join(folder.path, name)).mode);
    await stores.close();
    expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual(['600', '600', '600', '600']);
  });

  test('creates the file that a symlink leads to, and notices if its log is deleted', async () => {
    const target = join(folder.path, 'elsewhere.db');
    await symlink(target, path);
    const stores = openSqliteStores(path, systemClock, 0);
    await stores.ledger.charge('wx_a', attemptAt(T0), [], entryOf());
    await rename(`${target}-wal`, `${target}-away`);

    await expect(stores.check()).rejects.toThrow(/elsewhere\.db-wal was deleted or replaced/);
    await rename(`${target}-away`, `${target}-wal`);
    await stores.check();
    await stores.close();
  });

  test('overwrites a deleted list', async () => {
    const stores = openSqliteStores(path, systemClock, 0);
    const body = Buffer.alloc(200_000, 'wxid_forgotten ');
    await stores.lists.save('wx_a', { body, savedAt: T0, source: 'live' });
    await stores.lists.forget('wx_a');
    await stores.close();

    expect(readdirSync(folder.path)).toEqual(['gateway.db', 'gateway.db-lock']);
    expect(readFileSync(path).includes('wxid_forgotten')).toBe(false);
  });

  test('given a text file, refuses and leaves it unchanged', () => {
    writeFileSync(path, 'these are the notes of somebody else\n'.repeat(10));
    expectRefusal(/not a SQLite database.*Restore a copy/);
    expect(readdirSync(folder.path)).toEqual(['gateway.db']);
  });

  test('given a file of one byte, refuses and leaves it unchanged', () => {
    writeFileSync(path, 'S');
    expectRefusal(/not a SQLite database/);
  });

  test('given the database of a program without an id, refuses and leaves it unchanged', () => {
    change('PRAGMA journal_mode = WAL; CREATE TABLE notes (text)');
    expectRefusal(/another program.*another path/);
    expect(readdirSync(folder.path)).toEqual(['gateway.db']);
  });

  test('given the database of a program with another id, refuses and leaves it unchanged', () => {
    change('PRAGMA application_id = 252006674; CREATE TABLE attempts (text)');
    expectRefusal(/another program/);
  });

  test('given a newer schema, refuses, names both versions and leaves it unchanged', async () => {
    await writeOurs();
    change('PRAGMA user_version = 99');
    expectRefusal(new RegExp(`version 99.*up to ${MIGRATIONS.length}\\..*newer gateway`));
  });

  test('given a newer schema that is only in the log, refuses', async () => {
    await writeOurs();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 99');
    const copy = join(folder.path, 'killed.db');
    await copyFile(path, copy);
    await copyFile(`${path}-wal`, `${copy}-wal`);
    db.close();
    expect(() => openSqliteStores(copy, systemClock, 0)).toThrow(/version 99/);
  });

  test('given a truncated file, refuses and leaves it unchanged', async () => {
    await writeOurs();
    writeFileSync(path, readFileSync(path).subarray(0, 3 * 4096));
    expectRefusal(/damaged.*Restore a copy/);
  });

  test('given a file with damaged charges, refuses and leaves it unchanged', async () => {
    await writeOurs();
    damage('attempts');
    expectRefusal(/damaged.*Restore a copy/);
  });

  test('given a file without one of its tables, refuses and leaves the tables unchanged', async () => {
    await writeOurs();
    change('DROP TABLE lists');
    expect(() => openSqliteStores(path, systemClock, 0)).toThrow(StoreOpenError);
    expect(() => openSqliteStores(path, systemClock, 0)).toThrow(
      /damaged \(no such table: lists\)/,
    );
  });

  test('given a file in which only lists are damaged, opens it, counts charges and has an overview of the lists', async () => {
    await writeOurs();
    damage('lists');
    const stores = openSqliteStores(path, systemClock, 0);
    const [usage] = await stores.ledger.usage('wx_a', [quotaRule(51)], undefined);
    expect(usage?.left).toBe(1);
    await expect(stores.lists.load('wx_a')).rejects.toThrow(/malformed/);
    const known = { appId: 'wx_a', savedAt: T0, bytes: 100_000, source: 'live' };
    expect(await stores.listIndex.index(undefined, 10)).toEqual([known]);
    await stores.close();
  });

  test('given a directory, refuses', () => {
    mkdirSync(path);
    expect(() => openSqliteStores(path, systemClock, 0)).toThrow(StoreOpenError);
    expect(() => openSqliteStores(path, systemClock, 0)).toThrow(/is a directory/);
  });

  test('given a path below a file, refuses', () => {
    writeFileSync(path, '');
    expect(() => openSqliteStores(join(path, 'gateway.db'), systemClock, 0)).toThrow(
      StoreOpenError,
    );
  });

  // Root can write every file.
  (process.getuid?.() === 0 ? test.skip : test)(
    'given a file that may only be read, refuses',
    async () => {
      await writeOurs();
      chmodSync(path, 0o444);
      expectRefusal(/cannot be written/);
    },
  );

  test('given a file that another process has locked, refuses', async () => {
    await writeOurs();
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    expectRefusal(/another process holds its lock/);
    other.close();
  });

  test('given a log without its file, refuses and keeps the log', async () => {
    await writeOurs();
    const db = new DatabaseSync(path);
    db.exec("UPDATE meta SET value = 0 WHERE name = 'checks'");
    const copy = join(folder.path, 'moved.db');
    await copyFile(`${path}-wal`, `${copy}-wal`);
    db.close();
    expect(() => openSqliteStores(copy, systemClock, 0)).toThrow(/missing or empty.*moved\.db-wal/);
    expect(statSync(`${copy}-wal`).size).toBeGreaterThan(0);
    expect(statSync(copy, { throwIfNoEntry: false })).toBeUndefined();
  });

  test('given an empty file, starts with it', async () => {
    writeFileSync(path, '');
    const stores = openSqliteStores(path, systemClock, 0);
    await stores.check();
    await stores.close();
  });

  test('given a file that was moved with its charges, still has them', async () => {
    await writeOurs();
    const moved = join(folder.path, 'moved.db');
    await rename(path, moved);
    const stores = openSqliteStores(moved, systemClock, 0);
    const [usage] = await stores.ledger.usage('wx_a', [quotaRule(51)], undefined);
    expect(usage?.left).toBe(1);
    await stores.close();
  });
});
