import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { addBody, DAY_MS, HOUR_MS } from '../support/add-contacts.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const IN_FILE = '2026-05-20T00:00:00.000Z';

let clock: MovableClock;
let gateway: TestGateway;
beforeEach(async () => {
  clock = movableClock();
  gateway = await startGateway({
    policy: `accounts: { wx_in_file: { onlineSince: "${IN_FILE}" } }`,
    overrides: { clock },
  });
});
afterEach(() => gateway.stop());

const iso = (instant: number) => new Date(instant).toISOString();
const get = (path = '') => supertest(gateway.opsUrl).get(`/admin/accounts${path}`);
const put = (appId: string, body: unknown) =>
  supertest(gateway.opsUrl)
    .put(`/admin/accounts/${appId}`)
    .set('Origin', gateway.opsUrl)
    .set('Content-Type', 'application/json')
    .send(typeof body === 'string' ? body : JSON.stringify(body));
const withdraw = (appId: string) =>
  supertest(gateway.opsUrl).delete(`/admin/accounts/${appId}`).set('Origin', gateway.opsUrl);

describe('GET /admin/accounts/{appId}', () => {
  test('is 404 for an account that was neither declared nor seen', async () => {
    await get('/wx_a').expect(404);
  });

  test('returns the age, what is left of each quota, and when each one opens', async () => {
    const declared = clock.now() - 4 * DAY_MS;
    await put('wx_a', { onlineSince: iso(declared) }).expect(200);
    await gateway.post('addContacts', addBody('wx_a')).expect(200);
    const answered = clock.now();
    clock.advance(HOUR_MS);

    const quota = (name: string, limit: number, windowSeconds: number, left = limit) => ({
      name,
      limit,
      windowSeconds,
      left,
      opensAt: iso(clock.now()),
    });
    expect((await get('/wx_a').expect(200)).body).toEqual({
      appId: 'wx_a',
      onlineSince: iso(declared),
      declaredBy: 'admin-api',
      firstSeenAt: iso(answered),
      ageHours: 97,
      addOpensAt: iso(declared + 3 * DAY_MS),
      nextAddAt: null,
      quotas: [
        quota('add-per-day', 5, 86_400, 4),
        quota('add-per-two-hours', 8, 7200, 7),
        quota('add-gap', 1, 60),
        quota('accept-per-day', 200, 86_400),
      ],
    });
  });

  test('says that a seen account was not declared', async () => {
    await gateway.post('search', { appId: 'wx_a', contactsInfo: 'x' }).expect(200);
    expect((await get('/wx_a').expect(200)).body).toMatchObject({
      onlineSince: iso(clock.now()),
      declaredBy: null,
      addOpensAt: iso(clock.now() + 3 * DAY_MS),
    });
  });

  test('says that an account in the policy file was declared there', async () => {
    expect((await get('/wx_in_file').expect(200)).body).toMatchObject({
      onlineSince: IN_FILE,
      declaredBy: 'policy-file',
    });
  });

  test('says that an account may add from its first instant if the policy does not refuse young accounts', async () => {
    await gateway.stop();
    gateway = await startGateway({
      policy: 'addContacts: { accountAge: { mode: warn } }',
      overrides: { clock },
    });
    await put('wx_a', { onlineSince: iso(clock.now()) }).expect(200);
    expect((await get('/wx_a').expect(200)).body.addOpensAt).toBe(iso(clock.now()));
  });
});

describe('PUT /admin/accounts/{appId}', () => {
  test.each([
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01T08:00:00+08:00', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01T00:00:00.5Z', '2026-01-01T00:00:00.500Z'],
  ])('accepts the instant %s', async (onlineSince, instant) => {
    expect((await put('wx_a', { onlineSince }).expect(200)).body.onlineSince).toBe(instant);
  });

  test('of an account never seen warns of a typo, until the account is seen', async () => {
    const declaration = { onlineSince: '2026-01-01T00:00:00Z' };
    for (let times = 0; times < 2; times++) {
      const { body } = await put('wx_typo', declaration).expect(200);
      expect(body.warning).toMatch(/never seen .* typo/);
    }
    expect((await get('/wx_typo').expect(200)).body).not.toHaveProperty('warning');
    await gateway.post('search', { appId: 'wx_typo', contactsInfo: 'x' }).expect(200);
    expect((await put('wx_typo', declaration).expect(200)).body).not.toHaveProperty('warning');
  });

  test.each([
    ['a list', '[]'],
    ['no onlineSince', '{}'],
    ['null', '{"onlineSince":null}'],
    ['a number', '{"onlineSince":1767225600000}'],
    ['an instant without its zone', '{"onlineSince":"2026-01-01T00:00:00"}'],
    ['a day', '{"onlineSince":"2026-01-01"}'],
    ['a day that does not exist', '{"onlineSince":"2026-02-30T00:00:00Z"}'],
    ['an instant to come', '{"onlineSince":"2026-06-01T00:00:01Z"}'],
    ['a misspelt key beside it', '{"onlineSince":"2026-01-01T00:00:00Z","online":1}'],
  ])('refuses %s with 400, and saves no declaration', async (_what, body) => {
    const answer = await put('wx_a', body).expect(400);
    expect(answer.body.code).toBe('invalid-body');
    await get('/wx_a').expect(404);
  });

  test('refuses a body that is not JSON with 400, and one that is too large with 413', async () => {
    for (const body of ['', '{']) {
      expect((await put('wx_a', body).expect(400)).body.code).toBe('invalid-json');
    }
    const large = { onlineSince: '2026-01-01T00:00:00Z', padding: 'x'.repeat(20_000) };
    expect((await put('wx_a', large).expect(413)).body.code).toBe('body-too-large');
  });
});

test('a body with a charset other than UTF-8 is refused with 415', async () => {
  const answer = await put('wx_a', { onlineSince: IN_FILE })
    .set('Content-Type', 'application/json; charset=koi8-r')
    .expect(415);
  expect(answer.body.code).toBe('unsupported-media-type');
});

test('DELETE /admin/accounts/{appId} removes the declaration with 204, and answers 404 if there is none', async () => {
  await put('wx_a', { onlineSince: '2026-01-01T00:00:00Z' }).expect(200);
  const answer = await withdraw('wx_a').expect(204);
  expect(answer.headers['content-length']).toBeUndefined();
  await get('/wx_a').expect(404);
  await withdraw('wx_a').expect(404);
});

const changesLogged = () => gateway.log.filter(({ what }) => what !== undefined);

test('each declaration and its withdrawal logs one line with the appId, the operator and the request id', async () => {
  const sent = (days: number) => ({ onlineSince: iso(clock.now() - days * DAY_MS) });
  await put('wx_a', sent(4)).set('X-Request-Id', 'first').expect(200);
  await put('wx_a', sent(5)).set('X-Request-Id', 'second').expect(200);
  await withdraw('wx_a').set('X-Request-Id', 'third').expect(204);

  const line = { level: 'info', msg: 'an operator changed an account', appId: 'wx_a' };
  const rest = {
    time: expect.any(String),
    instance: expect.any(String),
    who: expect.any(String),
  };
  expect(changesLogged()).toEqual([
    { ...line, ...rest, what: 'declared', requestId: 'first' },
    { ...line, ...rest, what: 'declared', requestId: 'second' },
    { ...line, ...rest, what: 'withdrawn', requestId: 'third' },
  ]);
});

test('a request that changes no account logs no such line', async () => {
  const same = { onlineSince: iso(clock.now() - DAY_MS) };
  await put('wx_a', same).expect(200);
  const before = changesLogged().length;

  await put('wx_a', same).expect(200);
  await put('wx_a', { onlineSince: 'yesterday' }).expect(400);
  await get('/wx_a').expect(200);
  await withdraw('wx_in_file').expect(404);

  expect(changesLogged()).toHaveLength(before);
});

describe('GET /admin/accounts', () => {
  test('lists accounts that were seen, declared through the admin API, or declared in the policy file', async () => {
    await put('wx_b', { onlineSince: '2026-01-01T00:00:00Z' }).expect(200);
    await gateway.post('search', { appId: 'wx_z', contactsInfo: 'x' }).expect(200);

    expect((await get().expect(200)).body).toEqual({
      accounts: [
        { appId: 'wx_b', declaredOnlineSince: '2026-01-01T00:00:00.000Z', firstSeenAt: null },
        { appId: 'wx_in_file', declaredOnlineSince: IN_FILE, firstSeenAt: null },
        { appId: 'wx_z', declaredOnlineSince: null, firstSeenAt: iso(clock.now()) },
      ],
      next: null,
    });
  });

  test('returns pages of 100, each account once and in order', async () => {
    for (let i = 0; i < 204; i++) {
      await put(`wx_${String(i).padStart(3, '0')}`, { onlineSince: IN_FILE }).expect(200);
    }
    const pages: string[][] = [];
    let next: string | null = '';
    while (next !== null) {
      const page: { body: { accounts: { appId: string }[]; next: string | null } } = await get(
        `?after=${next}`,
      ).expect(200);
      pages.push(page.body.accounts.map(({ appId }) => appId));
      next = page.body.next;
    }

    expect(pages.map((page) => page.length)).toEqual([100, 100, 5]);
    const all = pages.flat();
    expect(all).toEqual([...new Set(all)].sort());
    expect(all).toContain('wx_in_file');
  });
});
