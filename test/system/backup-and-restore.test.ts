/** Runs the commands of docs/recipes/back-up-and-restore.md. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { addBody, chargedOf, TRUSTING } from '../support/add-contacts.ts';
import { describeWith } from '../support/describe-with.ts';
import {
  gatewayProcesses,
  type GatewayProcesses,
  type RunningGateway,
} from '../support/gateway-processes.ts';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { blockWith, recipeBlocks } from './recipes/recipe.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openTerminal, type Terminal } from './recipes/terminal.ts';

const RECIPE = 'back-up-and-restore.md';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gateways: GatewayProcesses;
let terminal: Terminal;
beforeEach(async () => {
  folder = await temporaryFolder();
  gateways = await gatewayProcesses({
    folder: folder.path,
    policy: TRUSTING,
    env: { STORE_URL: 'sqlite:data/gateway.db' },
  });
  terminal = openTerminal(folder.path, { PATH: process.env['PATH'] ?? '' });
});
afterEach(async () => {
  await terminal.close();
  await gateways.stop();
  await folder.remove();
});

async function add({ url }: RunningGateway, appId: string): Promise<void> {
  const body = JSON.stringify(addBody(appId));
  const headers = GOOD_HEADERS;
  expect((await httpCall(url, { path: '/contacts/addContacts', headers, body })).status).toBe(200);
}

const charged = (gateway: RunningGateway, appId: string) =>
  chargedOf(gateway, appId, 'add-per-day');

describeWith('sqlite3', 'the recipe for backups', () => {
  test('a backup of a running gateway is restored by the recipe, and refused if its file is only copied over', async () => {
    const first = await gateways.start();
    await add(first, 'wx_before');
    const backUp = blockWith(recipeBlocks(RECIPE, '## Back up'), '.backup');
    expect((await terminal.type(backUp)).trim()).toBe('ok');
    await add(first, 'wx_after');
    await gateways.kill(first);

    await terminal.type('cp data/gateway.db data/kept; cp backups/gateway.db data/gateway.db');
    const refused = gateways.run();
    expect(await refused.ended).toEqual({ code: 78, signal: null });
    expect(refused.output()).toContain('was written for another file');

    await terminal.type('cp data/kept data/gateway.db');
    await terminal.type(blockWith(recipeBlocks(RECIPE, '## Restore'), 'data/before'));
    expect(existsSync(join(folder.path, 'data/before/gateway.db-wal'))).toBe(true);
    const next = await gateways.start();
    expect(await charged(next, 'wx_before')).toBe(1);
    await expect(charged(next, 'wx_after')).rejects.toThrow('This account is not known');
  });
});
