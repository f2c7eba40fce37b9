import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import {
  ACCEPT,
  ADD,
  addBody,
  DAY_MS,
  expectRefusedUntil,
  HOUR_MS,
  sentAdds,
} from '../support/add-contacts.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const WARNING = 'addContacts: { accountAge: { mode: warn } }';
const MINIMUM_MS = 72 * HOUR_MS;
const IN_FILE = Date.parse('2026-05-30T00:00:00Z');

let clock: MovableClock;
let gateway: TestGateway;

beforeEach(async () => {
  clock = movableClock();
  gateway = await startGateway({
    policy: `accounts: { wx_declared: { onlineSince: "${new Date(IN_FILE).toISOString()}" } }`,
    overrides: { clock },
  });
});
afterEach(() => gateway.stop());

const add = (appId: string, v3?: string) => gateway.post('addContacts', addBody(appId, v3));
const declare = (appId: string, onlineSince: number) =>
  supertest(gateway.opsUrl)
    .put(`/admin/accounts/${appId}`)
    .set('Origin', gateway.opsUrl)
    .send({ onlineSince: new Date(onlineSince).toISOString() });
const withdraw = (appId: string) =>
  supertest(gateway.opsUrl).delete(`/admin/accounts/${appId}`).set('Origin', gateway.opsUrl);
const questions = () =>
  gateway.simulator.calls.filter(({ operation }) => operation === 'login/checkOnline');

describe('an unknown account', () => {
  test('is checked with checkOnline at its first addContacts, and counts as online from then on', async () => {
    const asked = clock.now();
    expectRefusedUntil(await add('wx_new'), 'account-too-young', asked + MINIMUM_MS, asked);
    expect(JSON.parse(String(questions()[0]?.body))).toEqual({ appId: 'wx_new' });

    clock.advance(HOUR_MS);
    const later = await add('wx_new');
    expect(later.body.onlineSince).toBe(new Date(asked).toISOString());
    expect(questions()).toHaveLength(1);
    expect(sentAdds(gateway.simulator)).toEqual([]);

    clock.advance(MINIMUM_MS - HOUR_MS);
    await add('wx_new').expect(200);
  });

  test('is checked with checkOnline once for 100 simultaneous addContacts', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => add('wx_new', `v3_${i}`)),
    );

    expect(new Set(answers.map(({ body }) => body.code))).toEqual(new Set(['account-too-young']));
    expect(questions()).toHaveLength(1);
  });

  test.each([
    ['data: false', { raw: { body: '{"ret":200,"msg":"ok","data":false}' } }],
    ['data: "false"', { raw: { body: '{"ret":200,"msg":"ok","data":"false"}' } }],
    ['ret 500', { deviceMissing: true }],
    ['a failure of the upstream', { status: 503 }],
  ])(
    'has no online time while checkOnline answers %s, and gets it when a later checkOnline answers true',
    async (_, says) => {
      gateway.simulator.behave('wx_new', { ...says, operations: ['checkOnline'] });
      const refused = await add('wx_new').expect(429);
      expect(refused.body).toMatchObject({ code: 'account-too-young', onlineSince: null });

      gateway.simulator.behave('wx_new', []);
      clock.advance(DAY_MS);
      const asked = clock.now();
      const answer = await add('wx_new');
      expect(answer.body.onlineSince).toBe(new Date(asked).toISOString());
      expect(questions()).toHaveLength(2);
    },
  );

  test('is refused with shutting-down, not account-too-young, if the gateway stops during checkOnline', async () => {
    const other = await startGateway({ env: { SHUTDOWN_GRACE_MS: '0' } });
    other.simulator.behave('wx_hung', { operations: ['checkOnline'], hang: true });
    const asking = other.post('addContacts', addBody('wx_hung')).expect(503);
    const answered = asking.then(({ body }) => body as { code: string });
    await other.simulator.waitForCall(({ operation }) => operation === 'login/checkOnline');
    await other.stop();
    expect((await answered).code).toBe('shutting-down');
  });

  test.each([
    ['accepts', ACCEPT, {}],
    ['adds with accountAge mode warn', ADD, { policy: WARNING }],
  ])('that %s does not wait for checkOnline', async (_what, option, settings) => {
    const other = await startGateway(settings);
    other.simulator.behave('wx_hung', { operations: ['checkOnline'], hang: true });
    await other.post('addContacts', addBody('wx_hung', 'v3_ann', option)).expect(200);
    await other.simulator.waitForCall(({ operation }) => operation === 'login/checkOnline');
    await other.stop();
  });

  test('that is offline is checked again after a minute, not at every attempt', async () => {
    gateway.simulator.behave('wx_new', { accountOffline: true });
    for (let i = 0; i < 5; i++) await add('wx_new').expect(429);
    clock.advance(60_000);
    await add('wx_new').expect(429);
    expect(questions()).toHaveLength(1);

    clock.advance(1);
    await add('wx_new').expect(429);
    expect(questions()).toHaveLength(2);
  });
});

describe('the first sight of an account', () => {
  test.each([
    ['search', { contactsInfo: 'x' }],
    ['fetchContactsList', {}],
    ['somethingNew', {}],
  ])('is any response with ret 200, such as that of %s', async (operation, extra) => {
    const everyAnswer = { raw: { body: '{"ret":200,"msg":"ok"}' } };
    gateway.simulator.behave('wx_a', operation === 'somethingNew' ? everyAnswer : {});
    const seen = clock.now();
    await gateway.post(operation, { appId: 'wx_a', ...extra }).expect(200);
    clock.advance(DAY_MS);

    const answer = await add('wx_a').expect(429);
    expect(answer.body.onlineSince).toBe(new Date(seen).toISOString());
    expect(questions()).toEqual([]);
  });

  test('is not a response with another ret', async () => {
    gateway.simulator.behave('wx_a', { accountOffline: true, operations: ['search'] });
    await gateway.post('search', { appId: 'wx_a', contactsInfo: 'x' }).expect(200);
    clock.advance(DAY_MS);

    const answer = await add('wx_a').expect(429);
    expect(answer.body.onlineSince).toBe(new Date(clock.now()).toISOString());
    expect(questions()).toHaveLength(1);
  });

  test('remains the start of its time online, in spite of days offline and a new login', async () => {
    const seen = clock.now();
    await gateway.post('search', { appId: 'wx_a', contactsInfo: 'x' }).expect(200);
    clock.advance(DAY_MS);
    gateway.simulator.behave('wx_a', { accountOffline: true });
    await gateway.post('search', { appId: 'wx_a', contactsInfo: 'x' }).expect(200);
    clock.advance(DAY_MS);
    gateway.simulator.behave('wx_a', []);
    await gateway.post('search', { appId: 'wx_a', contactsInfo: 'x' }).expect(200);

    expectRefusedUntil(await add('wx_a'), 'account-too-young', seen + MINIMUM_MS, clock.now());
  });
});

describe('a declared account', () => {
  test('counts as online since the instant in the policy file, without a checkOnline', async () => {
    const answer = await add('wx_declared');
    expectRefusedUntil(answer, 'account-too-young', IN_FILE + MINIMUM_MS, clock.now());
    expect(gateway.simulator.calls).toEqual([]);
  });

  test('counts as online since the instant set through the admin API, in spite of the policy file and its first sight', async () => {
    const since = clock.now() - 10 * DAY_MS;
    for (const appId of ['wx_declared', 'wx_seen']) {
      await gateway.post('search', { appId, contactsInfo: 'x' }).expect(200);
      await declare(appId, since).expect(200);
      const answer = await add(appId).expect(200);
      expect(answer.headers['ratelimit-policy']).toContain('"add-per-day";q=10;');
    }
    expect(questions()).toEqual([]);
  });

  test('can be declared younger, and is then refused again', async () => {
    await declare('wx_a', clock.now() - 30 * DAY_MS).expect(200);
    await add('wx_a').expect(200);
    await declare('wx_a', clock.now()).expect(200);

    const answer = await add('wx_a', 'v3_bob');
    expectRefusedUntil(answer, 'account-too-young', clock.now() + MINIMUM_MS, clock.now());
  });

  test('counts as online since the instant in the policy file after a DELETE through the admin API', async () => {
    await declare('wx_declared', clock.now() - 30 * DAY_MS).expect(200);
    await withdraw('wx_declared').expect(204);

    const answer = await add('wx_declared').expect(429);
    expect(answer.body.onlineSince).toBe(new Date(IN_FILE).toISOString());
  });

  test('keeps its charges after its declaration was deleted', async () => {
    await declare('wx_a', clock.now() - 30 * DAY_MS).expect(200);
    await add('wx_a').expect(200);
    await withdraw('wx_a').expect(204);
    await declare('wx_a', clock.now() - 30 * DAY_MS).expect(200);

    const answer = await add('wx_a', 'v3_bob').expect(429);
    expect(answer.body.code).toBe('add-too-soon');
  });
});
