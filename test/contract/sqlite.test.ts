import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { openSqliteStores } from '../../src/stores/sqlite/sqlite-stores.ts';
import { movableClock } from '../support/movable-clock.ts';
import { ANN, quotaRule, T0, entryOf } from '../support/quota-rules.ts';
import type { StoresUnderTest } from '../support/stores-under-test.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeAccountRegister } from './account-register.contract.ts';
import { describeDurability } from './durability.contract.ts';
import { describeHistoryStore } from './history-store.contract.ts';
import { describeIdempotencyStore } from './idempotency-store.contract.ts';
import { describeKeySetStore } from './key-set-store.contract.ts';
import { describeLedger } from './ledger.contract.ts';
import { describeListIndex } from './list-index.contract.ts';
import { describeListStore } from './list-store.contract.ts';
import { describeSessionStore } from './session-store.contract.ts';

async function open(): Promise<StoresUnderTest> {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'gateway.db');
  const clock = movableClock(T0);
  let current = openSqliteStores(path, clock, 0);
  return {
    stores: current,
    clock,
    async reopen() {
      await current.close();
      current = openSqliteStores(path, clock, 0);
      return current;
    },
    async dispose() {
      await current.close();
      await folder.remove();
    },
  };
}

describeListStore(open);
describeLedger(open);
describeAccountRegister(open);
describeIdempotencyStore(open);
describeSessionStore(open);
describeKeySetStore(open);
describeHistoryStore(open);
describeListIndex(open);
describeDurability(open);

describe('SQLite stores', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let path: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    path = join(folder.path, 'made', 'for', 'it', 'gateway.db');
  });
  afterEach(() => folder.remove());

  test('create the folder of their file, and leave only the file and its lock file after they are closed', async () => {
    const stores = openSqliteStores(path, movableClock(T0), 0);
    await stores.check();
    await stores.close();
    expect(await readdir(join(path, '..'))).toEqual(['gateway.db', 'gateway.db-lock']);
  });

  test('reject every call after they are closed, and can be closed twice', async () => {
    const stores = openSqliteStores(path, movableClock(T0), 0);
    await stores.close();
    await stores.close();
    await expect(stores.check()).rejects.toThrow();
    await expect(stores.lists.load('wx_a')).rejects.toThrow();
    await expect(stores.ledger.charge('wx_a', ANN, [], entryOf())).rejects.toThrow();
  });

  test('killed with SIGKILL while charging, keep every charge that was confirmed, with its entry in the journal', async () => {
    const script = fileURLToPath(new URL('../support/charge-forever.ts', import.meta.url));
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    const promised: string[] = [];
    for await (const id of createInterface({ input: child.stdout })) {
      promised.push(id);
      if (promised.length === 100) child.kill('SIGKILL');
    }
    expect(await exited).toEqual([null, 'SIGKILL']);
    expect(promised.length).toBeGreaterThanOrEqual(100);

    const stores = openSqliteStores(path, movableClock(T0), 0);
    const [usage] = await stores.ledger.usage('wx_a', [quotaRule(100)], undefined);
    expect(usage?.left).toBe(0);
    await stores.close();

    const file = new DatabaseSync(path, { readOnly: true });
    const rows = file.prepare('SELECT attempt_id AS id FROM attempts').all();
    const entries = file.prepare('SELECT count(*) AS count FROM journal_attempts').get();
    file.close();
    expect(entries?.['count']).toBe(rows.length);
    const kept = new Set(rows.map((row) => row['id']));
    expect(promised.filter((id) => !kept.has(id))).toEqual([]);
    // At most the running one was stored without being confirmed.
    expect(kept.size - promised.length).toBeLessThanOrEqual(1);
  });
});
