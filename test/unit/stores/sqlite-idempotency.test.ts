import { systemClock } from '../../../src/time.ts';
import { join } from 'node:path';
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
