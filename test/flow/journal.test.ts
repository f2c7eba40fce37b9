import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { hashKey } from '../../src/settings/clients.ts';
import { ACCEPT, addBody, isAdd, MINUTE_MS, REJECT, TRUSTING } from '../support/add-contacts.ts';
import { eventually } from '../support/eventually.ts';
import { callerWhoLeaves, httpCall, httpGet, type HttpAnswer } from '../support/http-client.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { DEAD_BASE_URL, startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';

const CLIENTS = `
clients:
  crm: { keys: ["sha256:${hashKey('key-of-crm')}"], operations: [read, addContacts], sessions: { maxSeconds: 3600 } }
  web: { keys: ["sha256:${hashKey('key-of-web')}"], operations: [read, addContacts] }
  reader: { keys: ["sha256:${hashKey('key-of-reader')}"] }
`;

let clock: MovableClock;
let gateway: TestGateway;
let appId: string;
let accounts = 0;

async function start(env: Record<string, string> = {}): Promise<void> {
  clock = movableClock();
  gateway = await startGateway({
    clients: CLIENTS,
    policy: TRUSTING,
    env: { SHUTDOWN_GRACE_MS: '0', ...env },
    overrides: { clock },
  });
}

/** Each test has another account. */
beforeEach(() => {
  appId = `wx_${(accounts += 1)}`;
});

interface Call {
  readonly credential?: string;
  readonly v3?: string;
  readonly option?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const callOf = ({ credential = 'key-of-crm', v3, option, headers }: Call) => ({
  path: '/contacts/addContacts',
  headers: {
    'Content-Type': 'application/json',
    Authorization: `Bearer ${credential}`,
    ...headers,
  },
  body: JSON.stringify(addBody(appId, v3, option)),
});

const add = (call: Call = {}): Promise<HttpAnswer> => httpCall(gateway.url, callOf(call));

type Entry = Readonly<Record<string, unknown>>;

/** Asks again while a Redis that gets no processor counts as away. */
async function journaled(): Promise<readonly Entry[]> {
  let answer: HttpAnswer | undefined;
  const isAnswered = async () => {
    answer = await httpGet(gateway.opsUrl, `/admin/accounts/${appId}/attempts`);
    return answer.status === 200;
  };
  expect(await eventually(isAnswered)).toBe(true);
  return answer?.json()['attempts'] as Entry[];
}

/** The journal once every outcome is written: no caller waits for that. */
async function completed(): Promise<readonly Entry[]> {
  let entries: readonly Entry[] = [];
  const isComplete = async () => {
    entries = await journaled();
    return entries.every(({ outcome }) => outcome !== 'pending');
  };
  expect(await eventually(isComplete)).toBe(true);
  return entries;
}

const NOTHING = { ret: null, code: null, rule: null };

describe('the journal', () => {
  beforeAll(() => start());
  afterAll(() => gateway.stop());

  test('has an attempt that was sent: when, for whom, to whom, what GEWE answered, and the id of the request', async () => {
    const answer = await add();

    expect(await completed()).toEqual([
      {
        id: expect.any(String),
        at: new Date(clock.now()).toISOString(),
        appId,
        client: 'crm',
        subject: null,
        option: 2,
        target: expect.stringMatching(/^[\w-]{12}$/),
        outcome: 'sent',
        ...NOTHING,
        ret: 200,
        count: 1,
        requestId: answer.headers['x-request-id'],
      },
    ]);
  });

  test("has GEWE's own failure with its `ret`", async () => {
    gateway.simulator.behave(appId, { accountOffline: true });
    await add();
    expect(await completed()).toMatchObject([{ outcome: 'sent', ret: 500 }]);
  });

  test('has one digest for each target', async () => {
    for (const v3 of ['v3_ann', 'v3_bob', 'v3_ann']) {
      await add({ v3, option: ACCEPT });
    }
    const [again, bob, ann] = (await completed()).map(({ target }) => target);
    expect(again).toBe(ann);
    expect(again).not.toBe(bob);
  });

  test('has the client and the subject of a session', async () => {
    const session = await httpCall(gateway.url, {
      path: '/sessions',
      headers: { 'Content-Type': 'application/json', Authorization: 'Bearer key-of-crm' },
      body: '{"subject":"alice"}',
    });
    await add({ credential: String(session.json()['token']) });
    await add({ credential: String(session.json()['token']), v3: 'v3_bob' });

    const alice = { client: 'crm', subject: 'alice' };
    expect(await completed()).toMatchObject([
      { ...alice, outcome: 'refused' },
      { ...alice, outcome: 'sent' },
    ]);
  });

  test('has refusals of one client and rule in one minute as one entry, with their number', async () => {
    clock.advance(MINUTE_MS - (clock.now() % MINUTE_MS) + 30_000);
    await add();
    const first = await add({ v3: 'v3_bob' });
    const at = new Date(clock.now()).toISOString();
    clock.advance(29_999);
    await add({ v3: 'v3_cat' });
    await journaled();
    await add({ v3: 'v3_dan' });
    await add({ credential: 'key-of-web', v3: 'v3_bob' });
    clock.advance(1);
    await add({ v3: 'v3_eve' });

    const refused = { outcome: 'refused', code: 'add-too-soon', rule: 'add-gap', ret: null };
    const entries = await completed();
    expect(entries).toHaveLength(4);
    expect(entries).toEqual(
      expect.arrayContaining(
        [
          { client: 'crm', ...refused, count: 3, at, requestId: first.headers['x-request-id'] },
          { client: 'web', ...refused, count: 1 },
          { client: 'crm', ...refused, count: 1, at: new Date(clock.now()).toISOString() },
          { client: 'crm', outcome: 'sent', count: 1 },
        ].map((entry) => expect.objectContaining(entry)),
      ),
    );
  });

  test('has the refusal of a young account', async () => {
    await httpCall(gateway.opsUrl, {
      method: 'PUT',
      path: `/admin/accounts/${appId}`,
      headers: { 'Content-Type': 'application/json', Origin: gateway.opsUrl },
      body: JSON.stringify({ onlineSince: new Date(clock.now()).toISOString() }),
    });
    await add();
    expect(await completed()).toMatchObject([
      { outcome: 'refused', code: 'account-too-young', rule: 'account-age' },
    ]);
  });

  test('has a rejected friend request, which is not charged', async () => {
    await add({ option: REJECT });
    expect(await completed()).toMatchObject([{ option: 4, outcome: 'sent', ret: 200 }]);
  });

  test('has an attempt whose connection broke as unknown', async () => {
    gateway.simulator.behave(appId, { reset: true });
    await add();
    expect(await completed()).toMatchObject([{ outcome: 'unknown', ...NOTHING }]);
  });

  test('has an attempt whose token the upstream rejected as refused', async () => {
    gateway.simulator.setToken('tok-another');
    await add();
    gateway.simulator.setToken(TOKEN);
    const code = 'upstream-token-rejected';
    expect(await completed()).toMatchObject([{ outcome: 'refused', code, rule: null }]);
  });

  test('has nothing of a replay, nor of a request that was refused with 400, 401 or 403', async () => {
    const keyed = { headers: { 'Idempotency-Key': 'once' } };
    await add(keyed);
    const replayed = await add(keyed);
    expect(replayed.headers['idempotency-replayed']).toBe('true');
    const refused = [
      await add({ option: 9 }),
      await add({ credential: 'wrong' }),
      await add({ credential: 'key-of-reader' }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([400, 401, 403]);

    expect(await completed()).toHaveLength(1);
  });

  test('has an attempt as pending, later as unknown; and what its Idempotency-Key refused meanwhile', async () => {
    gateway.simulator.behave(appId, { hang: true });
    const keyed = { headers: { 'Idempotency-Key': 'once' } };
    const caller = callerWhoLeaves(gateway.url, callOf(keyed));
    await gateway.simulator.waitForCall((call) => isAdd(call) && call.appId === appId);
    expect(await journaled()).toMatchObject([{ outcome: 'pending' }]);
    expect((await add(keyed)).status).toBe(409);
    expect((await add({ ...keyed, v3: 'v3_bob' })).status).toBe(422);

    const refusals = [
      { outcome: 'refused', code: 'idempotency-mismatch', rule: null },
      { outcome: 'refused', code: 'idempotency-in-progress', rule: null },
    ];
    expect(await journaled()).toEqual(
      expect.arrayContaining(
        [...refusals, { outcome: 'pending' }].map((entry) => expect.objectContaining(entry)),
      ),
    );
    clock.advance(30_001);
    expect(await journaled()).toEqual(
      expect.arrayContaining(
        [...refusals, { outcome: 'unknown' }].map((entry) => expect.objectContaining(entry)),
      ),
    );
    await caller.leave();
  });
});

describe('the journal, in front of a faulty upstream,', () => {
  afterEach(() => gateway.stop());

  test('has an attempt that was given back as returned', async () => {
    await start({ GEWE_BASE_URL: DEAD_BASE_URL });
    expect((await add()).status).toBe(502);
    expect((await add({ option: REJECT })).status).toBe(502);
    const returned = { outcome: 'returned', ...NOTHING };
    expect(await completed()).toMatchObject([returned, returned]);
  });

  test('has an attempt that was not answered in time as unknown', async () => {
    await start({ GEWE_TIMEOUT_MS: '100' });
    gateway.simulator.behave(appId, { hang: true });
    expect((await add()).status).toBe(504);
    expect(await completed()).toMatchObject([{ outcome: 'unknown', ...NOTHING }]);
  });
});
