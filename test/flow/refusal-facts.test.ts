/** A refusal says by which rule, how much is left and when it opens, to programs and, in Chinese, to people. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hashKey } from '../../src/settings/clients.ts';
import { openMemoryStores } from '../../src/stores/memory.ts';
import {
  ACCEPT,
  addBody,
  addPeople,
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  sentAdds,
} from '../support/add-contacts.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { KEY, startGateway, type TestGateway } from '../support/start-gateway.ts';

/** 17:45 in China. */
const START = Date.parse('2026-11-27T09:45:00Z');

let clock: MovableClock;
let gateway: TestGateway;

async function start(overrides = {}, addContacts = '{}'): Promise<void> {
  clock = movableClock(START);
  const since = (age: number) => `{ onlineSince: "${iso(START - age)}" }`;
  gateway = await startGateway({
    policy: `
addContacts: ${addContacts}
accounts: { wx_old: ${since(100 * DAY_MS)}, wx_young: ${since(22 * HOUR_MS)} }`,
    clients: `clients: { slow: { keys: ["sha256:${hashKey('slow')}"], operations: [all], requestsPerMinute: 1 } }`,
    overrides: { clock, ...overrides },
  });
}

beforeEach(() => start());
afterEach(() => gateway.stop());

const iso = (instant: number) => new Date(instant).toISOString();
const add = (v3 = 'v3_new', headers = {}) =>
  gateway.post('addContacts', addBody('wx_old', v3), headers);
const AS_GEWE = { Authorization: '', 'X-GEWE-TOKEN': KEY };

describe('a refusal of addContacts has its facts and names the time', () => {
  test('for the two hours, with what is left of the day', async () => {
    await addPeople(gateway, clock, { appId: 'wx_old', count: 8, gapMs: MINUTE_MS });

    const { body } = await add().expect(429);
    expect(body).toMatchObject({
      code: 'add-quota-exhausted',
      rule: 'add-per-two-hours',
      limit: 8,
      windowSeconds: 7200,
      left: 0,
      retryAt: iso(START + 2 * HOUR_MS),
      msg: '今天还能加 7 人；本时段已满，19:45 后可再加',
    });
  });

  test('for the day', async () => {
    await addPeople(gateway, clock, { appId: 'wx_old', count: 15, gapMs: 20 * MINUTE_MS });

    const { body } = await add().expect(429);
    expect(body).toMatchObject({
      code: 'add-quota-exhausted',
      rule: 'add-per-day',
      limit: 15,
      windowSeconds: 86_400,
      left: 0,
      retryAt: iso(START + DAY_MS),
      msg: '今天的加人次数已用完，明天 17:45 后可再加',
    });
    // After midnight in China the same instant is today.
    clock.advance(7 * HOUR_MS);
    expect((await add().expect(429)).body.msg).toBe('最近 24 小时的加人次数已用完，17:45 后可再加');
  });

  test('for the gap, to the second', async () => {
    await add().expect(200);
    clock.advance(1500);

    const { body } = await add('v3_other').expect(429);
    expect(body).toMatchObject({
      code: 'add-too-soon',
      rule: 'add-gap',
      limit: 1,
      windowSeconds: 60,
      left: 0,
      retryAt: iso(START + MINUTE_MS),
      msg: '加人太频繁，17:46:00 后可再加',
    });
  });

  test('for the same person', async () => {
    await add('v3_ann').expect(200);
    const soon = await add('v3_ann').expect(429);
    expect(soon.body).toMatchObject({
      code: 'target-quota-exhausted',
      rule: 'target-gap',
      limit: 1,
      windowSeconds: 3600,
      left: 0,
      retryAt: iso(START + HOUR_MS),
      msg: '这个人刚加过，18:45 后可再加',
    });

    clock.advance(HOUR_MS);
    await add('v3_ann').expect(200);
    clock.advance(HOUR_MS);
    const often = await add('v3_ann').expect(429);
    expect(often.body).toMatchObject({
      rule: 'target-per-day',
      limit: 2,
      retryAt: iso(START + DAY_MS),
      msg: '这个人 24 小时内最多加 2 次，明天 17:45 后可再加',
    });
  });

  test('for accepting', async () => {
    await gateway.stop();
    await start({}, '{ accept: { perDay: 1 } }');
    const accept = () => gateway.post('addContacts', addBody('wx_old', 'v3_a', ACCEPT));
    await accept().expect(200);

    const { body } = await accept().expect(429);
    expect(body).toMatchObject({
      code: 'accept-quota-exhausted',
      rule: 'accept-per-day',
      limit: 1,
      windowSeconds: 86_400,
      left: 0,
      retryAt: iso(START + DAY_MS),
      msg: '今天通过好友申请的次数已用完，明天 17:45 后可再通过',
    });
  });

  test('for the age', async () => {
    const { body } = await gateway.post('addContacts', addBody('wx_young')).expect(429);
    expect(body).toMatchObject({
      code: 'account-too-young',
      rule: 'account-age',
      minimumHours: 72,
      onlineSince: iso(START - 22 * HOUR_MS),
      retryAt: iso(START + 50 * HOUR_MS),
      msg: '账号在线未满 72 小时，11月29日 19:45 后可加人',
    });
    expect(body).not.toHaveProperty('limit');
  });

  test("in GEWE's format as in that of HTTP", async () => {
    await add().expect(200);
    const http = await add().expect(429);
    const gewe = await add('v3_new', AS_GEWE).expect(200);
    expect({ ...gewe.body, requestId: '' }).toEqual({ ...http.body, requestId: '' });
    expect(gewe.body.msg).toContain('18:45');
  });
});

test('the refusal of a client beyond its rate has its limit and names the time', async () => {
  const ask = () =>
    gateway.post('search', { appId: 'wx_old' }, { Authorization: '', 'X-API-Key': 'slow' });
  await ask().expect(200);

  const { body } = await ask().expect(429);
  expect(body).toMatchObject({ code: 'client-rate-limited', limit: 1, windowSeconds: 60 });
  expect(Date.parse(body.retryAt)).toBeGreaterThan(clock.now());
  expect(body.msg).toMatch(/^请求太频繁，17:4[56]:\d\d 后可再试$/);
});

describe('a refusal that was kept for an Idempotency-Key', () => {
  /** A gateway whose store has this answer for every key. */
  async function startWithKept(answer: object): Promise<void> {
    await gateway.stop();
    const stores = openMemoryStores(clock, 1_000_000);
    const acquire = async () =>
      ({ kind: 'completed', answer: Buffer.from(JSON.stringify(answer)) }) as const;
    await start({ stores: { ...stores, idempotency: { ...stores.idempotency, acquire } } });
  }
  const replayed = () => add('v3_ann', { 'Idempotency-Key': 'k1' });
  const kept = {
    kind: 'refusal',
    code: 'upstream-timeout',
    detail: 'The upstream did not answer in time. The request may have been carried out.',
  };

  test('has the msg and the facts that it had the first time', async () => {
    const facts = { rule: 'add-gap', retryAt: iso(START - DAY_MS) };
    await startWithKept({ ...kept, msg: '加人太频繁，17:46:00 后可再加', members: facts });

    const { body, headers } = await replayed().expect(504);
    expect(headers['idempotency-replayed']).toBe('true');
    expect(body).toMatchObject({ ...facts, msg: '加人太频繁，17:46:00 后可再加' });
    expect(sentAdds(gateway.simulator)).toEqual([]);
  });

  test('has the msg of its code if it was kept by a gateway that knew no other', async () => {
    await startWithKept(kept);
    const { body } = await replayed().expect(504);
    expect(body).toMatchObject({ code: kept.code, detail: kept.detail, msg: '上游服务响应超时' });
  });
});
