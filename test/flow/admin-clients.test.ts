import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openMemoryStores } from '../../src/stores/memory.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { hashKey } from '../../src/settings/clients.ts';
import { addBody, HOUR_MS, TRUSTING } from '../support/add-contacts.ts';
import { askAdmin } from '../support/admin.ts';
import { httpCall } from '../support/http-client.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const CLIENTS = `
clients:
  crm: { keys: ["sha256:${hashKey('key-of-crm')}"], operations: [read, addContacts] }
  web: { keys: ["sha256:${hashKey('key-of-web')}"] }
`;

let clock: MovableClock;
let stores: Stores;
const gateways: TestGateway[] = [];
beforeEach(() => {
  clock = movableClock(Date.parse('2026-06-01T12:05:00Z'));
  const opened = openMemoryStores(clock, 1 << 20);
  // They outlive a gateway.
  stores = { ...opened, close: async () => undefined };
});
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
});

async function start(env: Record<string, string | undefined> = {}): Promise<TestGateway> {
  const gateway = await startGateway({
    clients: CLIENTS,
    policy: TRUSTING,
    env: { GATEWAY_KEYS: undefined, ...env },
    overrides: { clock, stores },
  });
  gateways.push(gateway);
  return gateway;
}

const call = ({ url }: TestGateway, client: string, operation: string, body: unknown) =>
  httpCall(url, {
    path: `/contacts/${operation}`,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer key-of-${client}` },
    body: JSON.stringify(body),
  });
const search = (gateway: TestGateway, client: string) =>
  call(gateway, client, 'search', { appId: 'wx_a', contactsInfo: 'x' });

const NONE = { requests: 0, codes: {} };

test('GET /admin/clients counts the requests of every client by their code; one that made none has zero', async () => {
  const gateway = await start();
  await search(gateway, 'crm');
  await call(gateway, 'crm', 'addContacts', addBody('wx_a'));
  await call(gateway, 'crm', 'addContacts', addBody('wx_a', 'v3_bob'));
  await search(gateway, 'nobody');

  const counts = { requests: 3, codes: { ok: 2, 'add-too-soon': 1 } };
  expect((await askAdmin(gateway, '/clients')).json()).toEqual({
    clients: [
      { name: 'crm', configured: true, today: counts, last24Hours: counts },
      { name: 'web', configured: true, today: NONE, last24Hours: NONE },
    ],
  });
});

test('GET /admin/clients/{name} has one client, and 404 for a name that nobody has', async () => {
  const gateway = await start();
  await search(gateway, 'web');
  const counts = { requests: 1, codes: { ok: 1 } };
  expect((await askAdmin(gateway, '/clients/web')).json()).toEqual({
    name: 'web',
    configured: true,
    today: counts,
    last24Hours: counts,
  });
  const unknown = await askAdmin(gateway, '/clients/nobody');
  expect(unknown.status).toBe(404);
  expect(unknown.json()).toMatchObject({ code: 'not-found' });
});

test('today begins at midnight UTC, and what is older than 24 hours is not counted', async () => {
  const gateway = await start();
  await search(gateway, 'crm');
  clock.advance(12 * HOUR_MS);
  await search(gateway, 'crm');
  const of = async () => {
    const { today, last24Hours } = (await askAdmin(gateway, '/clients/crm')).json();
    return [today, last24Hours].map((counts) => (counts as { requests: number }).requests);
  };

  expect(await of()).toEqual([1, 2]);
  clock.advance(11 * HOUR_MS + 54 * 60_000);
  expect(await of()).toEqual([1, 2]);
  clock.advance(HOUR_MS);
  expect(await of()).toEqual([1, 1]);
  await search(gateway, 'crm');
  clock.advance(12 * HOUR_MS);
  expect(await of()).toEqual([0, 1]);
  clock.advance(24 * HOUR_MS);
  expect(await of()).toEqual([0, 0]);
});

test('the counts are of all gateways on the store, and stay over restarts, and for a client that was removed', async () => {
  const [first, second] = [await start(), await start()];
  await search(first, 'crm');
  await search(second, 'crm');
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));

  const later = await startGateway({ overrides: { clock, stores } });
  gateways.push(later);
  expect((await askAdmin(later, '/clients')).json()['clients']).toMatchObject([
    { name: 'crm', configured: false, today: { requests: 2 } },
    { name: 'test', configured: true, today: NONE },
  ]);
});

test('with GATEWAY_AUTH none, callers without a key are counted together', async () => {
  const gateway = await start({ GATEWAY_AUTH: 'none' });
  await search(gateway, 'nobody');
  expect((await askAdmin(gateway, '/clients/(anonymous)')).json()).toMatchObject({
    configured: true,
    today: { requests: 1 },
  });
});
