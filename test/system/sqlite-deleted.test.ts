/** A store whose files are deleted or replaced under a running gateway: further charges would be lost. */
import { copyFile, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { addBody, MINUTE_MS, sentAdds, TRUSTING } from '../support/add-contacts.ts';
import { movableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const clock = movableClock();
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gateway: TestGateway;
let file: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder.path, 'gateway.db');
  await mkdir(join(folder.path, 'away'));
  gateway = await startGateway({
    policy: TRUSTING,
    env: { STORE_URL: `sqlite:${file}` },
    overrides: { clock },
  });
  await add().expect(200);
  clock.advance(61 * MINUTE_MS);
});
afterEach(async () => {
  await gateway.stop();
  await folder.remove();
});

const add = (headers = {}) => gateway.post('addContacts', addBody('wx_a'), headers);

async function expectReadiness(status: number, notReady: readonly string[]): Promise<void> {
  clock.advance(1000);
  for (const url of [gateway.url, gateway.opsUrl]) {
    expect((await supertest(url).get('/readyz').expect(status)).body.notReady).toEqual(notReady);
  }
}

test.each(['gateway.db', 'gateway.db-wal'])(
  'while %s is missing, addContacts is refused and readiness names the store; both recover when it is moved back',
  async (name) => {
    const [here, away] = [join(folder.path, name), join(folder.path, 'away', name)];
    await rename(here, away);

    for (const headers of [{}, { 'Idempotency-Key': 'k' }]) {
      expect((await add(headers).expect(503)).body.code).toBe('store-unavailable');
    }
    expect(sentAdds(gateway.simulator)).toHaveLength(1);
    await expectReadiness(503, ['store']);
    await gateway.post('fetchContactsList', { appId: 'wx_a' }).expect(200);
    const declaring = supertest(gateway.opsUrl).put('/admin/accounts/wx_b');
    declaring.set('Origin', gateway.opsUrl);
    await declaring.send({ onlineSince: '2026-01-01T00:00:00Z' }).expect(503);
    expect(JSON.stringify(gateway.log)).toContain(`${name} was deleted or replaced while in use`);

    await rename(away, here);
    await expectReadiness(200, []);
    await add().expect(200);
  },
);

test('a copy in place of the file is not used', async () => {
  await copyFile(file, join(folder.path, 'away', 'gateway.db'));
  await rename(join(folder.path, 'away', 'gateway.db'), file);
  expect((await add().expect(503)).body.code).toBe('store-unavailable');
  await expectReadiness(503, ['store']);
});
