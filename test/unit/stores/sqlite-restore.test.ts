/** Backups that were made by hand, and a restore that ends in its middle. */
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startBackup } from '../../../src/stores/sqlite/backup.ts';
import { startRestore } from '../../../src/stores/sqlite/restore.ts';
import { openSqliteStores } from '../../../src/stores/sqlite/sqlite-stores.ts';
import { movableClock } from '../../support/movable-clock.ts';
import { ANN, DAY_MS, entryOf, quotaRule, T0 } from '../../support/quota-rules.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const RULES = [quotaRule(5)];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
let copy: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'gateway.db');
  copy = join(folder.path, 'copy.db');
});
afterEach(() => folder.remove());

const clock = movableClock(T0);
const open = () => openSqliteStores(path, clock, 0);
const restore = () => startRestore(path, copy, { clock, forgetGap: true }).done;

/** Charges once, copies what there is, charges again, and leaves the log of both as `left.db-wal`. */
async function copyByHand(): Promise<void> {
  const stores = open();
  await stores.ledger.charge('wx_a', ANN, RULES, entryOf());
  for (const end of ['', '-wal']) copyFileSync(`${path}${end}`, `${copy}${end}`);
  await stores.ledger.charge('wx_a', ANN, RULES, entryOf());
  copyFileSync(`${path}-wal`, join(folder.path, 'left.db-wal'));
  await stores.close();
}

async function left(): Promise<number | undefined> {
  const stores = open();
  const [usage] = await stores.ledger.usage('wx_a', RULES, undefined);
  await stores.close();
  return usage?.left;
}

test('a copy with its log is restored as it was, and stays so', async () => {
  await copyByHand();
  expect(await left()).toBe(3);
  expect(await restore()).toMatchObject({ charges: 1, backedUpAt: undefined });
  expect(await left()).toBe(4);
  expect(existsSync(`${copy}-wal`)).toBe(true);
});

test('if the process ends before the log of the store of before is gone, no gateway applies that log', async () => {
  await copyByHand();
  // Then nothing says yet whose the log is.
  rmSync(`${path}-lock`);
  await restore();
  copyFileSync(join(folder.path, 'left.db-wal'), `${path}-wal`);
  expect(open).toThrow(/was written for another file/);
  // Another restore puts it right.
  const { kept } = await restore();
  expect(existsSync(`${kept}-wal`)).toBe(true);
  expect(await left()).toBe(4);
});

test('a store that is missing or damaged is restored too', async () => {
  await copyByHand();
  const stores = join(folder.path, 'elsewhere', 'gateway.db');
  const { kept } = await startRestore(stores, copy, { clock, forgetGap: true }).done;
  expect(kept).toBeUndefined();
  copyFileSync(join(folder.path, 'left.db-wal'), path);
  expect(open).toThrow(/not a SQLite database/);
  await restore();
  expect(await left()).toBe(4);
});

test('each restore keeps the store of before, also two within a second', async () => {
  await copyByHand();
  const first = await restore();
  const second = await restore();
  const chargesIn = async (file: string | undefined) =>
    (await startRestore(path, file ?? '', { clock, forgetGap: true }).done).charges;
  expect(await chargesIn(first.kept)).toBe(2);
  expect(await chargesIn(second.kept)).toBe(1);
});

test.each([
  ['restored', () => startRestore(path, copy, { clock, forgetGap: false }).done],
  ['put in place by hand', async () => renameSync(copy, path)],
])(
  'a backup that is %s before the clock is right counts from no earlier than it was made',
  async (_how, bringBack) => {
    clock.set(T0);
    await open().close();
    await startBackup(path, copy, clock).done;
    clock.set(T0 - 2 * DAY_MS);
    await bringBack();
    expect(await left()).toBe(0);
    clock.set(T0 + DAY_MS - 1);
    expect(await left()).toBe(0);
    clock.set(T0 + DAY_MS);
    expect(await left()).toBe(5);
  },
);
