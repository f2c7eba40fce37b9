import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import {
  ACCEPT,
  addBody,
  addPeople,
  DAY_MS,
  expectRefusedUntil,
  HOUR_MS,
  MINUTE_MS,
  sentAdds,
} from '../support/add-contacts.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { KEY, startGateway, type TestGateway } from '../support/start-gateway.ts';

let clock: MovableClock;
let gateway: TestGateway;

/** Since when each account is online, seen from the clock's start. */
const AGES: Readonly<Record<string, number>> = {
  wx_3d: 3 * DAY_MS,
  wx_almost_7d: 7 * DAY_MS - 1,
  wx_7d: 7 * DAY_MS,
  wx_almost_14d: 14 * DAY_MS - 1,
  wx_14d: 14 * DAY_MS,
  wx_old: 100 * DAY_MS,
};

beforeEach(async () => {
  clock = movableClock();
  const accounts = Object.entries(AGES).map(
    ([appId, age]) => `  ${appId}: { onlineSince: "${new Date(clock.now() - age).toISOString()}" }`,
  );
  const policy = ['accounts:', ...accounts].join('\n');
  gateway = await startGateway({ policy, overrides: { clock } });
});
afterEach(() => gateway.stop());

const add = (appId: string, v3 = `v3_${clock.now()}`) =>
  gateway.post('addContacts', addBody(appId, v3));

/** Makes the next attempt at exactly `opensAt`, after showing that one millisecond earlier is refused. */
async function expectOpensExactlyAt(opensAt: number, attempt: () => ReturnType<typeof add>) {
  clock.advance(opensAt - 1 - clock.now());
  const early = await attempt();
  expect(early.status).toBe(429);
  expect(early.headers['retry-after']).toBe('1');
  expect(early.body.retryAt).toBe(new Date(opensAt).toISOString());
  clock.advance(1);
  await attempt().expect(200);
}

describe('the minimum gap between two friend requests of an account', () => {
  test('is 60 seconds: 59.999 are refused', async () => {
    await add('wx_old').expect(200);
    const first = clock.now();
    clock.advance(1000);

    expectRefusedUntil(await add('wx_old'), 'add-too-soon', first + MINUTE_MS, clock.now());
    await expectOpensExactlyAt(first + MINUTE_MS, () => add('wx_old'));
    expect(sentAdds(gateway.simulator)).toHaveLength(2);
  });

  test('is not extended by a refused attempt', async () => {
    await add('wx_old').expect(200);
    clock.advance(MINUTE_MS - 1);
    await add('wx_old').expect(429);
    clock.advance(1);
    await add('wx_old').expect(200);
  });

  test('does not affect other accounts', async () => {
    await add('wx_old').expect(200);
    await add('wx_14d').expect(200);
  });
});

test('the ninth friend request within two hours is refused until the first is two hours old', async () => {
  const first = clock.now();
  await addPeople(gateway, clock, { appId: 'wx_old', count: 8, gapMs: MINUTE_MS });
  clock.advance(MINUTE_MS);

  const answer = await add('wx_old');
  expectRefusedUntil(answer, 'add-quota-exhausted', first + 2 * HOUR_MS, clock.now());
  expect(sentAdds(gateway.simulator)).toHaveLength(8);
  await expectOpensExactlyAt(first + 2 * HOUR_MS, () => add('wx_old'));
});

describe('the friend requests of an account in 24 hours', () => {
  test.each([
    ['wx_3d', 5],
    ['wx_7d', 10],
    ['wx_14d', 15],
    ['wx_old', 15],
  ])(
    '%s may send %i; the next one is allowed when the first is 24 hours old',
    async (appId, limit) => {
      const first = clock.now();
      await addPeople(gateway, clock, { appId, count: limit, gapMs: 20 * MINUTE_MS });
      clock.advance(20 * MINUTE_MS);

      const opensAt = first + DAY_MS;
      expectRefusedUntil(await add(appId), 'add-quota-exhausted', opensAt, clock.now());
      await expectOpensExactlyAt(opensAt, () => add(appId));
      expect(sentAdds(gateway.simulator)).toHaveLength(limit + 1);
    },
  );

  test.each([
    ['wx_almost_7d', 5, 10],
    ['wx_almost_14d', 10, 15],
  ])('%s may send %i, and one millisecond later %i', async (appId, before, after) => {
    const policyOf = async () => (await add(appId)).headers['ratelimit-policy'];
    expect(await policyOf()).toContain(`"add-per-day";q=${before};w=86400`);
    clock.advance(1);
    expect(await policyOf()).toContain(`"add-per-day";q=${after};w=86400`);
  });

  test('are refused until the seventh day if it comes before the first request is 24 hours old', async () => {
    const seventhDay = clock.now() + 4 * DAY_MS;
    clock.advance(4 * DAY_MS - 10 * HOUR_MS);
    await addPeople(gateway, clock, { appId: 'wx_3d', count: 5, gapMs: HOUR_MS });
    clock.advance(HOUR_MS);

    expectRefusedUntil(await add('wx_3d'), 'add-quota-exhausted', seventhDay, clock.now());
    await expectOpensExactlyAt(seventhDay, () => add('wx_3d'));
  });
});

describe('friend requests to the same v3', () => {
  test('must be an hour apart', async () => {
    const first = clock.now();
    await add('wx_old', 'v3_ann').expect(200);
    clock.advance(HOUR_MS / 2);

    const answer = await add('wx_old', 'v3_ann');
    expectRefusedUntil(answer, 'target-quota-exhausted', first + HOUR_MS, clock.now());
    await add('wx_old', 'v3_bob').expect(200);
    await expectOpensExactlyAt(first + HOUR_MS, () => add('wx_old', 'v3_ann'));
  });

  test('are limited to two in 24 hours, counted separately for each account', async () => {
    const first = clock.now();
    await add('wx_old', 'v3_ann').expect(200);
    clock.advance(2 * HOUR_MS);
    await add('wx_old', 'v3_ann').expect(200);
    clock.advance(2 * HOUR_MS);

    const answer = await add('wx_old', 'v3_ann');
    expectRefusedUntil(answer, 'target-quota-exhausted', first + DAY_MS, clock.now());
    await add('wx_14d', 'v3_ann').expect(200);
    await expectOpensExactlyAt(first + DAY_MS, () => add('wx_old', 'v3_ann'));
  });

  test('are refused with target-quota-exhausted if the gap of the account, which ends sooner, would refuse them too', async () => {
    await add('wx_old', 'v3_ann').expect(200);
    const answer = await add('wx_old', 'v3_ann');
    expectRefusedUntil(answer, 'target-quota-exhausted', clock.now() + HOUR_MS, clock.now());
  });
});

test('the 201st acceptance in 24 hours is refused until the first is 24 hours old; adding is still allowed', async () => {
  const accept = (v3: string) => gateway.post('addContacts', addBody('wx_old', v3, ACCEPT));
  const first = clock.now();
  for (let i = 0; i < 200; i++) {
    await accept('v3_same').expect(200);
    clock.advance(1000);
  }

  const answer = await accept('v3_more');
  expectRefusedUntil(answer, 'accept-quota-exhausted', first + DAY_MS, clock.now());
  await add('wx_old').expect(200);
  expect(sentAdds(gateway.simulator)).toHaveLength(201);
  await expectOpensExactlyAt(first + DAY_MS, () => accept('v3_more'));
});

test('options "2" and 2 share one quota, under every path prefix', async () => {
  await gateway.post('addContacts', addBody('wx_old', 'v3_ann', '2')).expect(200);
  const answer = await supertest(gateway.url)
    .post('/gewe/v2/api/contacts/addContacts')
    .set('Authorization', `Bearer ${KEY}`)
    .send(addBody('wx_old', 'v3_bob', 2));
  expect(answer.body.code).toBe('add-too-soon');
});
