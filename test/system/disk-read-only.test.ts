/**
 * A store that cannot be written when the gateway starts: the gateway refuses to start, and prints one line with what
 * to do.
 */
import { systemClock } from '../../src/time.ts';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openSqliteStores } from '../../src/stores/sqlite/sqlite-stores.ts';
import { addBody, chargedOf, TRUSTING } from '../support/add-contacts.ts';
import { ownDisk } from '../support/disk-faults.ts';
import { gatewayProcesses, type GatewayProcesses } from '../support/gateway-processes.ts';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { canConfine } from './npm/production-install.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const USER = 1000;
const AS_USER = ['setpriv', '--reuid', `${USER}`, '--regid', `${USER}`, '--clear-groups'];
const READ_ONLY = /disk is not read-only|disk that is not read-only/;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;
let file: string;
let gateways: GatewayProcesses;
beforeEach(async () => {
  folder = await temporaryFolder();
  await chmod(folder.path, 0o755);
  data = join(folder.path, 'data');
  file = join(data, 'gateway.db');
  await mkdir(data);
  gateways = await gatewayProcesses({
    folder: folder.path,
    policy: TRUSTING,
    env: { STORE_URL: `sqlite:${file}` },
  });
});
afterEach(async () => {
  await gateways.stop();
  await folder.remove();
});

/** Expects the exit code for a wrong setting, and one line that matches `says`. */
async function expectRefusedStart(says: RegExp, before: readonly string[] = []): Promise<void> {
  const refused = gateways.run({}, [...before, process.execPath]);
  expect(await refused.ended).toEqual({ code: 78, signal: null });
  const lines = refused.output().trim().split('\n');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^STORE_URL: Cannot open the store \/\S+\/gateway\.db: /);
  expect(lines[0]).toMatch(says);
}

const makeStore = () => openSqliteStores(file, systemClock, 0).close();

(ownDisk.isPossible ? describe : describe.skip)('a gateway started on a disk that', () => {
  beforeEach(() => ownDisk.mount(data, '4m'));
  afterEach(async () => {
    await gateways.stop();
    ownDisk.unmount(data);
  });

  test.each([
    { what: 'has no store yet', make: () => undefined },
    { what: 'has a store that was closed', make: makeStore },
  ])('is read-only and $what, reports it and exits with 78', async ({ make }) => {
    await make();
    ownDisk.remount(data, 'ro');
    await expectRefusedStart(READ_ONLY);
  });

  test('is full or read-only after a kill -9, reports it and exits with 78; on a writable disk it still has the charge', async () => {
    const killed = await gateways.start();
    const headers = GOOD_HEADERS;
    const body = JSON.stringify(addBody('wx_a'));
    const added = await httpCall(killed.url, { path: '/contacts/addContacts', headers, body });
    expect(added.status).toBe(200);
    await gateways.kill(killed);

    ownDisk.fill(data);
    await expectRefusedStart(/the disk is full\. Free some space/);
    ownDisk.free(data);
    ownDisk.remount(data, 'ro');
    await expectRefusedStart(READ_ONLY);
    ownDisk.remount(data, 'rw');
    expect(await chargedOf(await gateways.start(), 'wx_a', 'add-per-day')).toBe(1);
  });
});

(canConfine() ? describe : describe.skip)('a gateway started by a user who', () => {
  test('may not write to the folder, reports it and exits with 78', async () => {
    await expectRefusedStart(/user of the gateway may read and write/, AS_USER);
  });

  test('may not write to the file, reports it and exits with 78', async () => {
    await makeStore();
    await chmod(file, 0o644);
    await chown(data, USER, USER);
    await expectRefusedStart(/Let the user of the gateway write the file/, AS_USER);
  });

  test('may not read the file, reports it and exits with 78', async () => {
    await makeStore();
    await expectRefusedStart(/permission denied.*user of the gateway may read and write/, AS_USER);
  });
});
