import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  ACCEPT,
  addBody,
  expectRefusedUntil,
  HOUR_MS,
  REJECT,
  sentAdds,
  TRUSTING,
} from '../support/add-contacts.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const MINIMUM_MS = 72 * HOUR_MS;
const WARNING = 'addContacts on a young account';

let clock: MovableClock;
let gateway: TestGateway;
/** Since when wx_a is online, declared in the policy file. */
let onlineSince: number;

async function start(accountAge = ''): Promise<void> {
  clock = movableClock();
  onlineSince = clock.now();
  const since = new Date(onlineSince).toISOString();
  const policy = `${accountAge}\naccounts: { wx_a: { onlineSince: "${since}" } }`;
  gateway = await startGateway({ policy, overrides: { clock } });
}

beforeEach(() => start());
afterEach(() => gateway.stop());

const add = (option: unknown = 2) => gateway.post('addContacts', addBody('wx_a', 'v3_ann', option));
const warnings = () => gateway.log.filter(({ msg }) => msg === WARNING);

describe('adding people with an account that has been online for less than 72 hours', () => {
  test.each([
    ['at its first instant', 0],
    ['one hour before it opens', MINIMUM_MS - HOUR_MS],
    ['one millisecond before it opens', MINIMUM_MS - 1],
  ])('is refused with account-too-young %s, and not forwarded', async (_when, ageMs) => {
    clock.advance(ageMs);
    const answer = await add();

    expectRefusedUntil(answer, 'account-too-young', onlineSince + MINIMUM_MS, clock.now());
    expect(answer.body.onlineSince).toBe(new Date(onlineSince).toISOString());
    expect(gateway.simulator.calls).toEqual([]);
  });

  test('is allowed at the retryAt of the refusal', async () => {
    const refused = await add();
    clock.advance(Date.parse(String(refused.body.retryAt)) - clock.now());

    await add().expect(200);
    expect(sentAdds(gateway.simulator)).toHaveLength(1);
  });

  test('leaves the quota untouched however often it is refused', async () => {
    for (let i = 0; i < 10; i++) await add().expect(429);
    clock.advance(MINIMUM_MS);

    const answer = await add().expect(200);
    expect(answer.headers['ratelimit']).toContain('"add-per-day";r=4;');
  });

  test("is refused in GEWE's format, with status 200, if the key was sent in X-GEWE-TOKEN", async () => {
    const answer = await gateway.post('addContacts', addBody('wx_a'), {
      Authorization: '',
      'X-GEWE-TOKEN': 'gwk_test_key',
    });

    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['retry-after']).toBe(String(MINIMUM_MS / 1000));
    expect(answer.body).toMatchObject({ ret: 429, code: 'account-too-young' });
  });
});

test.each([2, '2'])('option %j means add, so a young account is refused', async (option) => {
  const answer = await add(option).expect(429);
  expect(answer.body.code).toBe('account-too-young');
});

test.each([REJECT, '4'])(
  'rejecting a request (option %j) is allowed at any age and costs no quota',
  async (option) => {
    for (let i = 0; i < 20; i++) await add(option).expect(200);

    expect(sentAdds(gateway.simulator)).toHaveLength(20);
    expect(warnings()).toEqual([]);
    clock.advance(MINIMUM_MS);
    const answer = await add().expect(200);
    expect(answer.headers['ratelimit']).toContain('"add-per-day";r=4;');
  },
);

test.each([ACCEPT, '3'])(
  'accepting a request (option %j) is logged as a warning until the account has been online for 48 hours',
  async (option) => {
    clock.advance(48 * HOUR_MS - 1);
    await add(option).expect(200);
    expect(warnings()).toMatchObject([{ level: 'warn', what: 'accepting-early' }]);

    clock.advance(1);
    await add(option).expect(200);
    expect(warnings()).toHaveLength(1);
  },
);

describe('the setting addContacts.accountAge', () => {
  test('mode warn lets a young account add, with a warning in the log', async () => {
    await gateway.stop();
    await start('addContacts: { accountAge: { mode: warn } }');

    await add().expect(200);
    expect(warnings()).toMatchObject([{ level: 'warn', what: 'account-too-young' }]);
  });

  test('mode off lets a young account add without a warning, with the quota of its age', async () => {
    await gateway.stop();
    await start('addContacts: { accountAge: { mode: "off" } }');

    const answer = await add().expect(200);
    expect(warnings()).toEqual([]);
    expect(answer.headers['ratelimit-policy']).toContain('"add-per-day";q=5;');
  });

  test('minimumHours is taken from the policy file', async () => {
    await gateway.stop();
    await start('addContacts: { accountAge: { minimumHours: 0.5 } }');

    expectRefusedUntil(await add(), 'account-too-young', onlineSince + HOUR_MS / 2, clock.now());
    clock.advance(HOUR_MS / 2);
    await add().expect(200);
  });

  test('unknown: trust lets an undeclared account add at once, with the quota of an old account and without a checkOnline', async () => {
    await gateway.stop();
    await start(TRUSTING);

    const answer = await gateway.post('addContacts', addBody('wx_new')).expect(200);
    expect(answer.headers['ratelimit-policy']).toContain('"add-per-day";q=15;');
    expect(gateway.simulator.calls).toHaveLength(1);
  });

  test('unknown: trust does not apply to a declared account', async () => {
    await gateway.stop();
    await start(TRUSTING);

    const answer = await add().expect(429);
    expect(answer.body.code).toBe('account-too-young');
  });
});
