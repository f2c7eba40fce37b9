import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { addBody, sentAdds, TRUSTING } from '../support/add-contacts.ts';
import { movableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const clock = movableClock();
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gateway: TestGateway;
let file: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  file = join(folder.path, 'gateway.db');
  gateway = await startGateway({
    policy: TRUSTING,
    env: { STORE_URL: `sqlite:${file}` },
    overrides: { clock },
  });
});
afterAll(async () => {
  await gateway.stop();
  await folder.remove();
});

test('while another process has locked the file, only addContacts is refused', async () => {
  const other = new DatabaseSync(file);
  other.exec('BEGIN IMMEDIATE');

  const [add, list, search] = await Promise.all([
    gateway.post('addContacts', addBody('wx_locked')),
    gateway.post('fetchContactsList', { appId: 'wx_locked' }),
    gateway.post('search', { appId: 'wx_locked', contactsInfo: 'x' }),
  ]);
  expect([add.status, add.body.code]).toEqual([503, 'store-unavailable']);
  expect([list.status, search.status]).toEqual([200, 200]);
  expect(sentAdds(gateway.simulator)).toEqual([]);
  const unready = await supertest(gateway.url).get('/readyz').expect(503);
  expect(unready.body.notReady).toEqual(['store']);

  other.exec('ROLLBACK');
  other.close();
  clock.advance(1000);
  await supertest(gateway.url).get('/readyz').expect(200);
  await gateway.post('addContacts', addBody('wx_locked')).expect(200);
  // Only the memory of the process had the list; it is returned all the same.
  const saved = await gateway.post(
    'fetchContactsList',
    { appId: 'wx_locked' },
    { 'Cache-Control': 'only-if-cached' },
  );
  expect(saved.status).toBe(200);
});
