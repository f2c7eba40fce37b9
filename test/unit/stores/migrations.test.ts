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

  test('takes every step on a new file, and counts them', () => {
    migrate(db);
    expect(schemaVersion(db)).toBe(MIGRATIONS.length);
    expect(tables()).toEqual([
      'account_activity',
      'accounts',
      'attempts',
      'client_counts',
      'idempotency',
      'issuer_keys',
      'journal_actions',
      'journal_attempts',
      'journal_refusals',
      'list_fetches',
      'lists',
      'meta',
      'session_ends',
      'session_keys',
    ]);
  });

  test('takes only the missing steps on a file of an older version', () => {
    migrate(db, [first]);
    db.exec('INSERT INTO one VALUES (7)');
    migrate(db, [first, second]);
    expect(schemaVersion(db)).toBe(2);
    expect(tables()).toEqual(['one', 'two']);
    expect(db.prepare('SELECT x FROM one').get()?.['x']).toBe(7);
  });

  test('changes nothing on an up-to-date file', () => {
    migrate(db, [first, second]);
    migrate(db, [first, second]);
    expect(db.prepare('SELECT count(*) AS n FROM two').get()?.['n']).toBe(1);
  });

  test('keeps the previous version if a step fails halfway, and can continue later', () => {
    expect(() => migrate(db, [first, `${second}; INSERT INTO nowhere VALUES (1)`])).toThrow(
      /nowhere/,
    );
    expect(schemaVersion(db)).toBe(1);
    expect(tables()).toEqual(['one']);
    migrate(db, [first, second]);
    expect(schemaVersion(db)).toBe(2);
  });
});
