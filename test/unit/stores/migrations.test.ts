import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { migrate, MIGRATIONS, schemaVersion } from '../../../src/stores/sqlite/migrations.ts';

describe('migrate', () => {
  let db: DatabaseSync;
  beforeEach(() => {
    db = new DatabaseSync(':memory:');
  });
  afterEach(() => db.close());

  const tables = () =>
    db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .all()
      .map((row) => row['name']);
  const first = 'CREATE TABLE one (x)';
  const second = 'CREATE TABLE two (x); INSERT INTO two VALUES (1)';

  test('on a new file, takes every step and counts them', () => {
    migrate(db);
    expect(schemaVersion(db)).toBe(MIGRATIONS.length);
    expect(tables()).toEqual([
      'accounts',
      'attempts',
      'idempotency',
      'issuer_keys',
      'lists',
      'meta',
    ]);
  });

  test('on a file of an older version, takes only the steps that are missing', () => {
    migrate(db, [first]);
    db.exec('INSERT INTO one VALUES (7)');
    migrate(db, [first, second]);
    expect(schemaVersion(db)).toBe(2);
    expect(tables()).toEqual(['one', 'two']);
    expect(db.prepare('SELECT x FROM one').get()?.['x']).toBe(7);
  });

  test('on a file that is up to date, changes nothing', () => {
    migrate(db, [first, second]);
    migrate(db, [first, second]);
    expect(db.prepare('SELECT count(*) AS n FROM two').get()?.['n']).toBe(1);
  });

  test('with a step that fails halfway, keeps the version before it and can go on later', () => {
    expect(() => migrate(db, [first, `${second}; INSERT INTO nowhere VALUES (1)`])).toThrow(
      /nowhere/,
    );
    expect(schemaVersion(db)).toBe(1);
    expect(tables()).toEqual(['one']);
    migrate(db, [first, second]);
    expect(schemaVersion(db)).toBe(2);
  });
});
