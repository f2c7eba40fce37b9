/** One gateway for one file, whatever its path and however the previous one ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/time.ts';
import { openSqliteStores } from '../../../src/stores/sqlite/sqlite-stores.ts';
import { StoreOpenError } from '../../../src/stores/stores.ts';
import { COMPILED } from '../../support/gateway-process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const HOLD_STORE = fileURLToPath(new URL('../../support/hold-store.ts', import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
let other: ChildProcess | undefined;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'gateway.db');
  other = undefined;
});
afterEach(async () => {
  await killOther();
  await folder.remove();
});

/** Another process that has the file open, and has written to it. */
async function startOther(): Promise<void> {
  const options = ['--disable-warning=ExperimentalWarning', HOLD_STORE, path];
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILED };
  other = spawn(process.execPath, options, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  if (other.stdout !== null) await once(other.stdout, 'data');
}

async function killOther(): Promise<void> {
  if (other === undefined || other.signalCode !== null) return;
  other.kill('SIGKILL');
  await once(other, 'exit');
}

const open = (at = path) => openSqliteStores(at, systemClock, 0);

function refusalOf(at = path): string {
  try {
    void open(at).close();
  } catch (error) {
    expect(error).toBeInstanceOf(StoreOpenError);
    return (error as StoreOpenError).message;
  }
  throw new Error('It was opened');
}

describe('a file that another process has open', () => {
  test('is refused with the number of that process, and opened after its kill -9', async () => {
    await startOther();
    expect(refusalOf()).toContain(`another gateway (process ${other?.pid}) has it open`);
    expect(refusalOf()).toContain(`process ${other?.pid}`);
    await killOther();
    await open().close();
  });

  test('is recognised through a symlink', async () => {
    await startOther();
    const link = join(folder.path, 'link.db');
    await symlink(path, link);
    expect(refusalOf(link)).toContain(`process ${other?.pid}`);
  });

  test('can be copied and read meanwhile', async () => {
    await startOther();
    const reader = new DatabaseSync(path, { readOnly: true });
    reader.exec(`VACUUM INTO '${join(folder.path, 'copy.db')}'`);
    reader.close();
    await open(join(folder.path, 'copy.db')).close();
    expect(refusalOf()).toContain(`process ${other?.pid}`);
  });
});

describe('a file that this process has open', () => {
  test('is refused, even through a symlink, and opened after it is closed', async () => {
    const first = open();
    const link = join(folder.path, 'link.db');
    await symlink(path, link);
    expect(refusalOf()).toContain('this process has it open already');
    expect(refusalOf(link)).toContain('this process has it open already');
    await first.close();
    await open(link).close();
  });

  test('does not prevent another file from being opened', async () => {
    const first = open();
    await open(join(folder.path, 'other.db')).close();
    await first.close();
  });
});

test('a lock file that is not a lock is reported by its name, and stays unchanged', async () => {
  await open().close();
  const before = readFileSync(path);
  writeFileSync(`${path}-lock`, 'not a lock'.repeat(500));
  expect(refusalOf()).toMatch(/its lock \S+gateway\.db-lock cannot be used \(.*not a database/);
  expect(readFileSync(path).equals(before)).toBe(true);
});
