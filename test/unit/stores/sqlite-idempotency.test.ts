import { systemClock } from '../../../src/time.ts';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from '@jest/globals';
import { openSqliteStores } from '../../../src/stores/sqlite/sqlite-stores.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('an unfinished claim of another process is lost at once when the file is opened again', async () => {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'gateway.db');
  const key = { appId: 'wx_a', id: 'key' };
  const times = { now: 1000, leaseUntil: 91_000, expiresAt: 86_401_000 };
  const before = openSqliteStores(path, systemClock, 0);
  await before.idempotency.acquire(key, 'body', times);
  expect(await before.idempotency.acquire(key, 'body', times)).toEqual({ kind: 'in-progress' });
  await before.close();

  const after = openSqliteStores(path, systemClock, 0);
  expect(await after.idempotency.acquire(key, 'body', times)).toEqual({ kind: 'lost' });
  expect(await after.idempotency.acquire(key, 'other', times)).toEqual({ kind: 'mismatch' });
  await after.close();
  await folder.remove();
});

test('the file has the account of each key', async () => {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'gateway.db');
  const stores = openSqliteStores(path, systemClock, 0);
  const times = { now: 1000, leaseUntil: 91_000, expiresAt: 86_401_000 };
  await stores.idempotency.acquire({ appId: 'wx_a', id: 'key' }, 'body', times);
  await stores.close();
  const file = new DatabaseSync(path, { readOnly: true });
  const rows = file.prepare('SELECT key, app_id AS appId FROM idempotency').all();
  file.close();
  expect(rows).toMatchObject([{ key: 'key', appId: 'wx_a' }]);
  await folder.remove();
});
