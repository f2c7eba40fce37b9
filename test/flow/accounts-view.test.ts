import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hashKey } from '../../src/settings/clients.ts';
import { askAccount } from '../support/accounts.ts';
import {
  ACCEPT,
  addBody,
  addPeople,
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  sentAdds,
  TRUSTING,
} from '../support/add-contacts.ts';
import { httpGet } from '../support/http-client.ts';
import { saveList } from '../support/lists.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { KEY, startGateway, type TestGateway } from '../support/start-gateway.ts';

let clock: MovableClock;
let gateway: TestGateway;

const CLIENTS = `
clients:
  sales: { keys: ["sha256:${hashKey('sales')}"], appIds: ["wx_sales_*"] }
  lists: { keys: ["sha256:${hashKey('lists')}"], operations: ["search"] }
  adder: { keys: ["sha256:${hashKey('adder')}"], operations: ["write"] }
  page: { keys: ["sha256:${hashKey('page')}"], origins: ["https://crm.example.com"] }
  slow: { keys: ["sha256:${hashKey('slow')}"], requestsPerMinute: 2 }
`;

async function start(policy = ''): Promise<void> {
  clock = movableClock();
  const since = (age: number) => `{ onlineSince: "${iso(clock.now() - age)}" }`;
  const accounts = `accounts: { wx_old: ${since(100 * DAY_MS)}, wx_young: ${since(DAY_MS)} }`;
  gateway = await startGateway({
    policy: `${policy}\n${accounts}`,
    clients: CLIENTS,
    overrides: { clock },
  });
}

beforeEach(() => start());
afterEach(() => gateway.stop());

const iso = (instant: number) => new Date(instant).toISOString();
const bodyOf = async (appId: string) => (await askAccount(gateway, appId)).json();
const as = (key: string, more = {}) => ({ headers: { Authorization: `Bearer ${key}`, ...more } });
const quota = (name: string, limit: number, windowSeconds: number, left = limit) => ({
  name,
  limit,
  windowSeconds,
  left,
  opensAt: null as string | null,
});

describe('GET /accounts/{appId}', () => {
  test('of an account that was never seen is unknown, and starts no clock and asks nobody', async () => {
    const answer = await askAccount(gateway, 'wx_new');

    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
    });
    expect(answer.json()).toEqual({
      appId: 'wx_new',
      state: 'unknown',
      now: iso(clock.now()),
      onlineSince: null,
      canAddNow: false,
      nextAddAt: null,
      opensInSeconds: null,
      quotas: [
        quota('add-per-day', 5, 86_400),
        quota('add-per-two-hours', 8, 7200),
        quota('add-gap', 1, 60),
        quota('accept-per-day', 200, 86_400),
      ],
      list: null,
    });
    expect(gateway.simulator.calls).toEqual([]);
    expect((await httpGet(gateway.opsUrl, '/admin/accounts/wx_new')).status).toBe(404);
  });

  test('of an old account says that it can add now, and after an add when it can again', async () => {
    expect(await bodyOf('wx_old')).toMatchObject({
      state: 'known',
      onlineSince: iso(clock.now() - 100 * DAY_MS),
      canAddNow: true,
      nextAddAt: null,
      opensInSeconds: 0,
    });

    await gateway.post('addContacts', addBody('wx_old')).expect(200);
    const sentAt = clock.now();
    clock.advance(500);
    const opensAt = iso(sentAt + MINUTE_MS);
    expect(await bodyOf('wx_old')).toMatchObject({
      canAddNow: false,
      nextAddAt: opensAt,
      opensInSeconds: 60,
      quotas: [
        quota('add-per-day', 15, 86_400, 14),
        quota('add-per-two-hours', 8, 7200, 7),
        { ...quota('add-gap', 1, 60, 0), opensAt },
        quota('accept-per-day', 200, 86_400),
      ],
    });

    clock.advance(MINUTE_MS - 500);
    expect(await bodyOf('wx_old')).toMatchObject({ canAddNow: true, opensInSeconds: 0 });
  });

  test('names an instant at which an add passes, and not a millisecond before', async () => {
    await addPeople(gateway, clock, { appId: 'wx_old', count: 8, gapMs: MINUTE_MS });
    const { nextAddAt } = await bodyOf('wx_old');

    clock.advance(Date.parse(String(nextAddAt)) - 1 - clock.now());
    await gateway.post('addContacts', addBody('wx_old', 'v3_new')).expect(429);
    clock.advance(1);
    await gateway.post('addContacts', addBody('wx_old', 'v3_new')).expect(200);
  });

  test('of a young account names the end of its 72 hours, and counts what it accepted', async () => {
    await gateway.post('addContacts', addBody('wx_young', 'v3_a', ACCEPT)).expect(200);

    expect(await bodyOf('wx_young')).toMatchObject({
      state: 'known',
      canAddNow: false,
      nextAddAt: iso(clock.now() + 2 * DAY_MS),
      opensInSeconds: 2 * 86_400,
      quotas: expect.arrayContaining([quota('accept-per-day', 200, 86_400, 199)]),
    });
  });

  test('counts from the first answer of the upstream for an account that nobody declared', async () => {
    await gateway.post('search', { appId: 'wx_seen', contactsInfo: 'x' }).expect(200);

    expect(await bodyOf('wx_seen')).toMatchObject({
      state: 'known',
      onlineSince: iso(clock.now()),
      nextAddAt: iso(clock.now() + 3 * DAY_MS),
    });
  });

  test('has the age of the saved list and how many it holds, and none of them', async () => {
    const data = { friends: ['wxid_ann', 'wxid_bob'], chatrooms: null, ghs: ['gh_x'] };
    await saveList(gateway, 'wx_old', JSON.stringify({ ret: 200, msg: null, data }));
    const savedAt = clock.now();
    clock.advance(90_000);

    const answer = await askAccount(gateway, 'wx_old');
    expect(answer.json()['list']).toEqual({
      savedAt: iso(savedAt),
      ageSeconds: 90,
      friends: 2,
      chatrooms: 0,
      ghs: 1,
      source: 'live',
    });
    expect(answer.body.toString()).not.toContain('wxid_ann');

    await saveList(gateway, 'wx_old', JSON.stringify({ ret: 200, data: { friends: ['wxid_c'] } }));
    expect((await bodyOf('wx_old'))['list']).toMatchObject({ ageSeconds: 0, friends: 1, ghs: 0 });
  });

  test('charges nothing, however often it is asked', async () => {
    for (let i = 0; i < 20; i++) await askAccount(gateway, 'wx_old');
    await addPeople(gateway, clock, { appId: 'wx_old', count: 8, gapMs: MINUTE_MS });
    expect(sentAdds(gateway.simulator)).toHaveLength(8);
  });

  test('takes HEAD, without the body', async () => {
    const whole = await askAccount(gateway, 'wx_old');
    const head = await askAccount(gateway, 'wx_old', { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.body).toHaveLength(0);
    expect(head.headers['content-length']).toBe(String(whole.body.length));
  });

  test.each(['%40', 'wx_%3A1', 'wx:1@b.c-d'])('takes %s for an appId', async (appId) => {
    expect(await bodyOf(appId)).toMatchObject({ appId: decodeURIComponent(appId) });
  });
});

describe('of an account that nobody knows', () => {
  test.each([
    ['addContacts: { accountAge: { mode: warn } }', 5],
    ['addContacts: { accountAge: { mode: "off" } }', 5],
    [TRUSTING, 15],
  ])('%s lets it add now', async (policy, limit) => {
    await gateway.stop();
    await start(policy);
    expect(await bodyOf('wx_new')).toMatchObject({
      state: 'unknown',
      onlineSince: null,
      canAddNow: true,
      nextAddAt: null,
      opensInSeconds: 0,
      quotas: expect.arrayContaining([quota('add-per-day', limit, 86_400)]),
    });
    await gateway.post('addContacts', addBody('wx_new')).expect(200);
    expect(await bodyOf('wx_new')).toMatchObject({
      state: 'known',
      canAddNow: false,
      nextAddAt: iso(clock.now() + MINUTE_MS),
    });
  });

  test('its quotas count, although it is not known when it may add', async () => {
    await gateway.stop();
    await start('addContacts: { accountAge: { mode: warn } }');
    gateway.simulator.behave('wx_off', { accountOffline: true });
    await gateway.post('addContacts', addBody('wx_off')).expect(200);

    expect(await bodyOf('wx_off')).toMatchObject({
      state: 'unknown',
      canAddNow: false,
      nextAddAt: null,
      opensInSeconds: null,
    });
  });
});

describe('who may read an account', () => {
  test.each([
    ['no key', 'wx_sales_1', {}, 401, 'unauthenticated'],
    ['a wrong key', 'wx_sales_1', { Authorization: 'Bearer no' }, 401, 'unauthenticated'],
    ['another account', 'wx_old', { Authorization: 'Bearer sales' }, 403, 'app-not-allowed'],
    ['no reading', 'wx_old', { Authorization: 'Bearer adder' }, 403, 'operation-not-allowed'],
    ['no appId', 'wx*', { Authorization: `Bearer ${KEY}` }, 400, 'invalid-app-id'],
    ['a broken encoding', 'wx%4', { Authorization: `Bearer ${KEY}` }, 400, 'invalid-app-id'],
    ['its key', KEY, { Authorization: `Bearer ${KEY}` }, 400, 'invalid-app-id'],
    ['a longer path', 'wx/x', { Authorization: `Bearer ${KEY}` }, 404, 'not-found'],
    ['nothing', '', { Authorization: `Bearer ${KEY}` }, 404, 'not-found'],
  ])('with %s: %s', async (_what, appId, headers, status, code) => {
    const answer = await askAccount(gateway, appId, { headers });
    expect([answer.status, answer.json()['code']]).toEqual([status, code]);
  });

  test.each([
    ['sales', 'wx_sales_1'],
    ['lists', 'wx_old'],
  ])('%s may read %s', async (key, appId) => {
    expect((await askAccount(gateway, appId, as(key))).status).toBe(200);
  });

  test('another method is 405', async () => {
    const answer = await askAccount(gateway, 'wx_old', { method: 'POST' });
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  test('it counts for the rate of the client, like every other request', async () => {
    const post = () =>
      gateway.post('search', { appId: 'wx_old' }, { Authorization: 'Bearer slow' });
    await post().expect(200);
    expect((await askAccount(gateway, 'wx_old', as('slow'))).status).toBe(200);
    await post().expect(429);
    expect((await askAccount(gateway, 'wx_old', as('slow'))).status).toBe(429);
  });
});

describe('for a web page', () => {
  const origin = { Origin: 'https://crm.example.com' };

  test('a preflight lets it GET', async () => {
    const answer = await askAccount(gateway, 'wx_old', {
      method: 'OPTIONS',
      headers: { ...origin, 'Access-Control-Request-Method': 'GET' },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': origin.Origin,
      'access-control-allow-methods': 'GET, HEAD',
      vary: 'Origin',
    });
  });

  test('the answer can be read by the origin that its client lists', async () => {
    const allowed = await askAccount(gateway, 'wx_old', as('page', origin));
    expect(allowed.headers['access-control-allow-origin']).toBe(origin.Origin);
    const other = await askAccount(gateway, 'wx_old', as('lists', origin));
    expect([other.status, other.headers['access-control-allow-origin']]).toEqual([403, undefined]);
  });
});

test('GET /admin/accounts/{appId} and GET /accounts/{appId} name the same nextAddAt', async () => {
  const adminOf = async (appId: string) =>
    (await httpGet(gateway.opsUrl, `/admin/accounts/${appId}`)).json();
  expect((await adminOf('wx_old'))['nextAddAt']).toBeNull();
  await gateway.post('addContacts', addBody('wx_old')).expect(200);
  clock.advance(MINUTE_MS / 2);
  for (const appId of ['wx_old', 'wx_young']) {
    const { nextAddAt } = await bodyOf(appId);
    expect(Date.parse(String(nextAddAt))).toBeGreaterThan(clock.now());
    expect(await adminOf(appId)).toMatchObject({ nextAddAt });
  }
  clock.advance(HOUR_MS);
  expect(await adminOf('wx_old')).toMatchObject({ nextAddAt: null });
});
