/** A backup copy in place of the file, beside the log of a killed gateway. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openSqliteStores } from '../../../src/stores/sqlite/sqlite-stores.ts';
import { StoreOpenError } from '../../../src/stores/stores.ts';
import { COMPILED } from '../../support/gateway-process.ts';
import { movableClock } from '../../support/movable-clock.ts';
import { quotaRule, T0 } from '../../support/quota-rules.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const CHARGE_FOREVER = fileURLToPath(new URL('../../support/charge-forever.ts', import.meta.url));
const MANY = 1_000_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
let copy: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'gateway.db');
  copy = join(folder.path, 'copy.db');
});
afterEach(() => folder.remove());

/** Charges in another process until `meanwhile` is over, and then kills it, so that its log stays. */
async function chargeAndDie(meanwhile: () => Promise<void> | void = () => undefined) {
  const options = ['--disable-warning=ExperimentalWarning', CHARGE_FOREVER, path];
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILED };
  const child = spawn(process.execPath, options, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  await meanwhile();
  // And some charges that are not in the copy.
  await once(child.stdout, 'data');
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await exited;
}

const open = () => openSqliteStores(path, movableClock(T0), 0);

async function charges(): Promise<number> {
  const stores = open();
  const [usage] = await stores.ledger.usage('wx_a', [quotaRule(MANY)], undefined);
  await stores.close();
  return MANY - (usage?.left ?? MANY);
}

function chargesIn(file: string): number {
  const db = new DatabaseSync(file, { readOnly: true });
  const { count } = db.prepare('SELECT count(*) AS count FROM attempts').get() as { count: number };
  db.close();
  return count;
}

function online(make: (db: DatabaseSync) => unknown): () => Promise<void> {
  return async () => {
    const db = new DatabaseSync(path);
    await make(db);
    db.close();
  };
}

const WAYS: Readonly<Record<string, () => Promise<void>>> = {
  'the backup of SQLite': online((db) => backup(db, copy)),
  'VACUUM INTO': online((db) => db.exec(`VACUUM INTO '${copy}'`)),
  'sqlite3 .backup': async () => void spawnSync('sqlite3', [path, `.backup '${copy}'`]),
};
const hasShell = spawnSync('sqlite3', ['--version']).status === 0;
const ways = Object.keys(WAYS).filter((way) => hasShell || !way.startsWith('sqlite3'));
const PLACINGS = ['copied over', 'moved over'] as const;

async function restore(placing: (typeof PLACINGS)[number]): Promise<void> {
  await (placing === 'copied over' ? copyFile(copy, path) : rename(copy, path));
}

/** Expects a refusal that changes nothing, and that the copy can be opened after the log was removed. */
async function expectRefused(inCopy: number): Promise<void> {
  const files = () => ['', '-wal', '-lock'].map((end) => readFileSync(path + end).toString('hex'));
  const before = files();
  for (let tries = 0; tries < 2; tries++) {
    expect(open).toThrow(StoreOpenError);
    expect(open).toThrow(
      /gateway\.db-wal was written for another file.*move \S+-wal and \S+-shm away/,
    );
  }
  expect(files()).toEqual(before);

  await rm(`${path}-wal`);
  await rm(`${path}-shm`, { force: true });
  expect(await charges()).toBe(inCopy);
}

test.each(ways.flatMap((way) => PLACINGS.map((placing) => ({ way, placing }))))(
  'a backup made by $way while the gateway ran and $placing is not opened with that log',
  async ({ way, placing }) => {
    await chargeAndDie(WAYS[way]);
    const inCopy = chargesIn(copy);
    expect(inCopy).toBeGreaterThan(0);
    await restore(placing);
    await expectRefused(inCopy);
  },
);

test.each(PLACINGS)(
  'a backup made with cp while no gateway ran and %s is not opened with that log',
  async (placing) => {
    await chargeAndDie();
    const inCopy = await charges();
    await copyFile(path, copy);
    await chargeAndDie();
    await restore(placing);
    await expectRefused(inCopy);
  },
);

test('a restored backup is distinguished from its own copies, too', async () => {
  await chargeAndDie(WAYS['the backup of SQLite']);
  await restore('moved over');
  await rm(`${path}-wal`);
  await chargeAndDie(WAYS['the backup of SQLite']);
  const inCopy = chargesIn(copy);
  await restore('moved over');
  await expectRefused(inCopy);
});

test('a backup restored without a log is opened', async () => {
  await chargeAndDie(WAYS['VACUUM INTO']);
  const inCopy = chargesIn(copy);
  await rm(`${path}-wal`);
  await restore('copied over');
  expect(await charges()).toBe(inCopy);
});

test('the original file is opened with its log after kill -9, repeatedly, and has every charge', async () => {
  let before = 0;
  for (let round = 0; round < 4; round++) {
    await chargeAndDie();
    expect(existsSync(`${path}-wal`)).toBe(true);
    const now = await charges();
    expect(now).toBeGreaterThan(before);
    before = now;
    // Once without a clean end in between.
    await chargeAndDie();
  }
});

test('a folder copied after kill -9 is opened with its log', async () => {
  await chargeAndDie();
  const elsewhere = join(folder.path, 'elsewhere');
  for (const end of ['', '-wal', '-lock'])
    await cp(path + end, join(elsewhere, `gateway.db${end}`));
  path = join(elsewhere, 'gateway.db');
  expect(await charges()).toBeGreaterThan(0);
});

test('a log without its lock file is accepted as that of the file, as before lock files existed', async () => {
  await chargeAndDie();
  await rm(`${path}-lock`);
  expect(await charges()).toBeGreaterThan(0);
});
