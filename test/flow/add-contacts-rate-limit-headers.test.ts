import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  ACCEPT,
  addBody,
  addPeople,
  DAY_MS,
  HOUR_MS,
  readQuotas,
  REJECT,
} from '../support/add-contacts.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const DAY = 86_400;

let clock: MovableClock;
let gateway: TestGateway;

beforeEach(async () => {
  clock = movableClock();
  const since = new Date(clock.now() - 3 * DAY_MS).toISOString();
  gateway = await startGateway({
    policy: `accounts: { wx_a: { onlineSince: "${since}" } }`,
    overrides: { clock },
  });
});
afterEach(() => gateway.stop());

const add = (v3 = 'v3_ann', option: unknown = 2, headers = {}) =>
  gateway.post('addContacts', addBody('wx_a', v3, option), headers);

const ACCOUNT_POLICY = [
  { name: 'add-per-day', q: 5, w: DAY },
  { name: 'add-per-two-hours', q: 8, w: 7200 },
  { name: 'add-gap', q: 1, w: 60 },
];
const TARGET_POLICY = [
  { name: 'target-per-day', q: 2, w: DAY },
  { name: 'target-gap', q: 1, w: 3600 },
];
const CLIENT_POLICY = expect.objectContaining({ name: 'client', q: 6000, w: 60 });
const CLIENT_LEFT = (left: number) => expect.objectContaining({ name: 'client', r: left });

describe('RateLimit-Policy and RateLimit', () => {
  test("are sent on a success: the account's quotas after the call, then the client's rate limit", async () => {
    const { policy, left } = readQuotas((await add().expect(200)).headers);

    expect(policy).toEqual([...ACCOUNT_POLICY, ...TARGET_POLICY, CLIENT_POLICY]);
    expect(left).toEqual([
      { name: 'add-per-day', r: 4, t: DAY },
      { name: 'add-per-two-hours', r: 7, t: 7200 },
      { name: 'add-gap', r: 0, t: 60 },
      { name: 'target-per-day', r: 1, t: DAY },
      { name: 'target-gap', r: 0, t: 3600 },
      CLIENT_LEFT(5999),
    ]);
  });

  test('are sent on a 429, with the time until the exhausted quota allows the next attempt, rounded up', async () => {
    await addPeople(gateway, clock, { appId: 'wx_a', count: 5, gapMs: 60_000 });
    clock.advance(60_500);
    const { policy, left } = readQuotas((await add().expect(429)).headers);

    expect(policy).toEqual([...ACCOUNT_POLICY, ...TARGET_POLICY, CLIENT_POLICY]);
    expect(left).toEqual([
      { name: 'add-per-day', r: 0, t: DAY - 4 * 60 - 60 },
      { name: 'add-per-two-hours', r: 3, t: 7200 - 4 * 60 - 60 },
      { name: 'add-gap', r: 1, t: 0 },
      { name: 'target-per-day', r: 2, t: 0 },
      { name: 'target-gap', r: 1, t: 0 },
      CLIENT_LEFT(5994),
    ]);
  });

  test('are sent on account-too-young, with the quotas that the account will have', async () => {
    const answer = await gateway.post('addContacts', addBody('wx_new')).expect(429);
    const { left } = readQuotas(answer.headers);

    expect(answer.body.code).toBe('account-too-young');
    expect(left.map(({ name, r }) => [name, r]).slice(0, 5)).toEqual([
      ['add-per-day', 5],
      ['add-per-two-hours', 8],
      ['add-gap', 1],
      ['target-per-day', 2],
      ['target-gap', 1],
    ]);
  });

  test.each([
    ['invalid-option', { ...addBody('wx_a'), option: 5 }],
    ['invalid-target', { ...addBody('wx_a'), v3: '' }],
  ])('are sent on a 400 %s, without the quotas per target', async (code, body) => {
    const answer = await gateway.post('addContacts', body).expect(400);
    const { policy, left } = readQuotas(answer.headers);

    expect(answer.body.code).toBe(code);
    expect(policy).toEqual([...ACCOUNT_POLICY, CLIENT_POLICY]);
    expect(left[0]).toEqual({ name: 'add-per-day', r: 5, t: 0 });
  });

  test('are sent on a reject, which costs no quota', async () => {
    await add().expect(200);
    const { policy, left } = readQuotas((await add('v3_ann', REJECT).expect(200)).headers);

    expect(policy).toEqual([...ACCOUNT_POLICY, CLIENT_POLICY]);
    expect(left[0]).toEqual({ name: 'add-per-day', r: 4, t: DAY });
  });

  test('are sent on an acceptance, with its own quota only', async () => {
    const { policy, left } = readQuotas((await add('v3_ann', ACCEPT).expect(200)).headers);

    expect(policy).toEqual([{ name: 'accept-per-day', q: 200, w: DAY }, CLIENT_POLICY]);
    expect(left).toEqual([{ name: 'accept-per-day', r: 199, t: DAY }, CLIENT_LEFT(5999)]);
  });

  test.each([
    ['of an add', 2, { name: 'target-per-day', r: 1, t: DAY - 3600 }],
    ['of an acceptance', ACCEPT, { name: 'accept-per-day', r: 199, t: DAY - 3600 }],
  ])('are sent on a replay %s, with the current values', async (_what, option, expected) => {
    const key = { 'Idempotency-Key': 'k1' };
    const first = readQuotas((await add('v3_ann', option, key).expect(200)).headers);
    clock.advance(HOUR_MS);
    const answer = await add('v3_ann', option, key).expect(200);
    const { policy, left } = readQuotas(answer.headers);

    expect(answer.headers['idempotency-replayed']).toBe('true');
    expect(policy).toEqual(first.policy);
    expect(left).toContainEqual(expected);
  });

  test('are sent on a 422 for another body under the same key, and on a failed call', async () => {
    const key = { 'Idempotency-Key': 'k1' };
    await add('v3_ann', 2, key).expect(200);
    const mismatch = await add('v3_bob', 2, key).expect(422);
    expect(readQuotas(mismatch.headers).left[0]).toEqual({ name: 'add-per-day', r: 4, t: DAY });

    clock.advance(HOUR_MS);
    gateway.simulator.behave('wx_a', { status: 503 });
    const failed = await add('v3_bob').expect(502);
    expect(readQuotas(failed.headers).left[0]).toEqual({
      name: 'add-per-day',
      r: 3,
      t: DAY - 3600,
    });
  });

  test("contain only the client's rate limit on other operations", async () => {
    const answer = await gateway.post('search', { appId: 'wx_a', contactsInfo: 'x' }).expect(200);
    expect(readQuotas(answer.headers).policy).toEqual([CLIENT_POLICY]);
  });
});

test('the Retry-After of a 429 is rounded up to whole seconds', async () => {
  await add().expect(200);
  clock.advance(59_001);
  expect((await add('v3_bob').expect(429)).headers['retry-after']).toBe('1');
  clock.advance(-2);
  expect((await add('v3_bob').expect(429)).headers['retry-after']).toBe('2');
});
