/** `backup` and `restore`, as the recipe types them, around gateways that run, stop and are killed. */
import { copyFileSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { systemClock } from '../../src/time.ts';
import { openSqliteStores } from '../../src/stores/sqlite/sqlite-stores.ts';
import { addBody, chargedOf, DAY_MS, TRUSTING_WITHOUT_GAPS } from '../support/add-contacts.ts';
import { eventually } from '../support/eventually.ts';
import { runGateway } from '../support/gateway-process.ts';
import {
  gatewayProcesses,
  type GatewayProcesses,
  type RunningGateway,
} from '../support/gateway-processes.ts';
import { GOOD_HEADERS, httpCall, httpGet } from '../support/http-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { blockWith, recipeBlocks, withWords } from './recipes/recipe.ts';
import { typeCommands } from './recipes/type-commands.ts';

const RECIPE = 'back-up-and-restore.md';

/** A copy of so many bytes takes long enough to be interrupted. */
const LARGE = 32 * 1024 * 1024;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gateways: GatewayProcesses;
let store: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  store = join(folder.path, 'gateway.db');
  gateways = await gatewayProcesses({
    folder: folder.path,
    policy: TRUSTING_WITHOUT_GAPS,
    env: { STORE_URL: 'sqlite:gateway.db' },
  });
});
afterEach(async () => {
  await gateways.stop();
  await folder.remove();
});

/** With no setting but the store. */
const start = (...args: string[]) =>
  runGateway(args, { cwd: folder.path, env: { STORE_URL: 'sqlite:gateway.db' } });

async function run(...args: string[]) {
  const command = start(...args);
  const { code } = await command.ended;
  return { code, output: command.output() };
}

const type = (commands: string) =>
  typeCommands(folder.path, { STORE_URL: 'sqlite:gateway.db' }, commands);

async function add({ url }: RunningGateway, appId: string, v3 = 'v3_ann') {
  const body = JSON.stringify(addBody(appId, v3));
  return httpCall(url, { path: '/contacts/addContacts', headers: GOOD_HEADERS, body });
}

async function stop(gateway: RunningGateway): Promise<void> {
  gateway.process.kill('SIGTERM');
  expect((await gateway.process.ended).code).toBe(0);
}

const leftovers = () => readdirSync(folder.path).filter((name) => name.includes('partial'));

test('a backup of a running gateway is restored, and no quota is loosened for a day', async () => {
  const first = await gateways.start();
  expect((await add(first, 'wx_a')).status).toBe(200);
  const backup = await type(blockWith(recipeBlocks(RECIPE, '## Back up'), 'backup'));
  const copy = /^Wrote (\S+\/backups\/\d{4}-\d\d-\d\d\.db) /.exec(backup)?.[1] ?? '';
  expect(backup).toMatch(
    /^Wrote \S+ \([\d,]+ bytes\) and checked it: 0 saved lists, 1 charge, 1 account\.\n$/,
  );
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  expect((await add(first, 'wx_a')).status).toBe(200);
  expect((await add(first, 'wx_later')).status).toBe(200);

  const whileRunning = await run('restore', copy);
  expect(whileRunning).toEqual({
    code: 78,
    output: expect.stringContaining(`another gateway (process ${first.process.pid}) has it open`),
  });
  // Its log is left behind, with the latest charges.
  await gateways.kill(first);
  const before = Date.now();
  const block = blockWith(recipeBlocks(RECIPE, '## Restore'), 'restore');
  const restored = await type(withWords(block, { 'backups/2026-01-01.db': copy }));
  const restoredBy = Date.now();
  expect(restored).toMatch(
    /^Restored \S+, made at \S+Z: 0 saved lists, 1 charge, 1 account\.\nThe previous store is kept as (\S+)\.\n/,
  );
  expect([existsSync(`${store}-wal`), existsSync(`${store}-shm`)]).toEqual([false, false]);
  expect(statSync(store).mode & 0o777).toBe(0o600);
  const kept = /kept as (\S+)\.\n/.exec(restored)?.[1] ?? '';
  expect(kept).toMatch(/gateway\.db\.before-restore-\d{8}T\d{6}Z$/);
  expect([existsSync(`${kept}-wal`), chargesIn(kept)]).toEqual([false, 3]);

  const second = await gateways.start();
  expect(second.process.output()).toMatch(
    /"until":"\S+Z".*every quota of addContacts counts as used up/,
  );
  expect((await httpGet(second.url, '/readyz')).json()).toMatchObject({
    warnings: ['quotas-blocked-after-restore'],
  });
  for (const appId of ['wx_a', 'wx_later']) {
    const refused = await add(second, appId);
    expect(refused.json()).toMatchObject({ code: 'add-quota-exhausted' });
    const opensAt = Date.parse(String(refused.json()['retryAt']));
    expect(opensAt).toBeGreaterThanOrEqual(before + DAY_MS);
    expect(opensAt).toBeLessThanOrEqual(restoredBy + DAY_MS);
  }
  await stop(second);

  expect((await run('restore', copy, '--forget-gap')).output).toContain('is forgotten');
  const third = await gateways.start();
  expect((await httpGet(third.url, '/readyz')).json()).not.toHaveProperty('warnings');
  expect((await add(third, 'wx_a')).status).toBe(200);
  expect(await chargedOf(third, 'wx_a', 'add-per-day')).toBe(2);
});

function chargesIn(file: string): number {
  const db = new DatabaseSync(file, { readOnly: true });
  const row = db.prepare('SELECT count(*) AS count FROM attempts').get();
  db.close();
  return Number(row?.['count']);
}

test('a backup that is put in place by hand loosens nothing either', async () => {
  await stop(await gateways.start());
  expect((await run('backup', 'copy.db')).code).toBe(0);
  copyFileSync(join(folder.path, 'copy.db'), store);
  for (const appId of ['wx_a', 'wx_b']) {
    const gateway = await gateways.start();
    expect((await add(gateway, appId)).json()).toMatchObject({ code: 'add-quota-exhausted' });
    await stop(gateway);
  }
});

test('what cannot be used is refused, and nothing is changed', async () => {
  const other = join(folder.path, 'other.db');
  const db = new DatabaseSync(other);
  db.exec('CREATE TABLE t (a)');
  db.close();
  writeFileSync(join(folder.path, 'text.db'), 'no database '.repeat(50));
  expect((await run('backup', 'copy.db')).output).toMatch(/there is no such file/);
  await stop(await gateways.start());
  expect((await run('backup', 'other.db')).output).toMatch(/exists already/);
  expect((await run('backup', 'none/copy.db')).output).toMatch(/There is no folder/);
  for (const [file, why] of [
    ['none.db', 'there is no such file'],
    ['other.db', 'the file is a SQLite database of another program'],
    ['text.db', 'the file is not a SQLite database'],
    ['gateway.db', 'it is the database of the gateway itself'],
  ] as const) {
    const refused = await run('restore', file);
    expect(refused).toEqual({ code: 78, output: expect.stringContaining(why) });
  }
  const names = ['gateway.db', 'gateway.db-lock', 'other.db', 'policy.yaml', 'text.db'];
  expect(readdirSync(folder.path).sort()).toEqual(names);
});

async function makeLarge(): Promise<void> {
  const stores = openSqliteStores(store, systemClock, 0);
  const body = Buffer.alloc(LARGE / 4, 'x');
  for (const appId of ['wx_1', 'wx_2', 'wx_3', 'wx_4']) {
    await stores.lists.save(appId, { body, savedAt: 1, source: 'live' });
  }
  await stores.close();
}

/** Sends a signal in the middle of a command's work. Once more if the command was faster. */
async function interrupted(signal: NodeJS.Signals, args: () => string[]): Promise<string> {
  for (let attempt = 1; attempt <= 20; attempt++) {
    const command = start(...args());
    const before = leftovers().length;
    await eventually(() => leftovers().length > before);
    command.kill(signal);
    if ((await command.ended).signal === signal) return command.output();
  }
  throw new Error('The command is never interrupted');
}

test('Ctrl-C ends a backup and leaves nothing; after kill -9 there is no backup, and the next one works', async () => {
  await makeLarge();
  let number = 0;
  const next = () => ['backup', `copy-${++number}.db`];
  const last = () => existsSync(join(folder.path, `copy-${number}.db`));
  expect(await interrupted('SIGINT', next)).toContain('Interrupted. Nothing was written.');
  expect([last(), leftovers()]).toEqual([false, []]);
  await interrupted('SIGKILL', next);
  expect(last()).toBe(false);
  expect((await run('backup', `copy-${number}.db`)).code).toBe(0);
});

test('a backup keeps no request waiting, and kill -9 in a restore leaves the store of before', async () => {
  await makeLarge();
  const first = await gateways.start();
  const backup = start('backup', 'copy.db');
  let isOver = false;
  void backup.ended.then(() => (isOver = true));
  let adds = 0;
  for (; !isOver; adds++) expect((await add(first, `wx_${adds}`)).status).toBe(200);
  expect(adds).toBeGreaterThan(0);
  expect((await backup.ended).code).toBe(0);
  expect((await add(first, 'wx_after')).status).toBe(200);
  await gateways.kill(first);
  const files = ['gateway.db', 'gateway.db-wal'].map((name) => join(folder.path, name));
  for (const file of files) copyFileSync(file, `${file}.saved`);
  await interrupted('SIGKILL', () => {
    for (const file of files) copyFileSync(`${file}.saved`, file);
    return ['restore', 'copy.db'];
  });
  const second = await gateways.start();
  expect(await chargedOf(second, 'wx_after', 'add-per-day')).toBe(1);
});
