/** The values that the gateway checks must not be read differently by the parser of GEWE. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DAY_MS, isAdd } from '../support/add-contacts.ts';
import { budget } from '../support/budget.ts';
import { GOOD_HEADERS, httpCall, httpGet } from '../support/http-client.ts';
import { READERS, type Reading } from './json/json-readers.ts';
import { hostile, wellSpelled } from './json/json-spellings.ts';
import { movableClock } from '../support/movable-clock.ts';
import { hasPython, startPythonReader, type PythonReader } from './json/python-reader.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

/** Two of them differ only in case. */
const ACCOUNTS = ['wx_a', 'wx_A', 'constructor'];
const LIMIT = 5;
const POLICY = `
addContacts:
  accountAge: { unknown: trust }
  add: { perDay: [{ fromDay: 0, limit: ${LIMIT} }], minimumGapSeconds: 0, target: { perDay: 1 } }
  accept: { perDay: ${LIMIT} }
clientRate: { requestsPerMinute: 10000000 }
`;

const clock = movableClock();
let gateway: TestGateway;
let python: PythonReader | undefined;
beforeAll(async () => {
  gateway = await startGateway({ policy: POLICY, overrides: { clock } });
  python = hasPython ? startPythonReader() : undefined;
  for (const appId of ACCOUNTS) await gateway.post('search', { appId }).expect(200);
});
afterAll(async () => {
  await python?.stop();
  await gateway.stop();
});

(hasPython ? test : test.skip)('python3 is here, and is one of the readers', () => {
  expect(python).toBeDefined();
});

const NOTHING = Object.fromEntries(ACCOUNTS.map((appId) => [appId, [0, 0]]));

/** The charges since yesterday, by account. */
async function spent(): Promise<Record<string, readonly [adds: number, accepts: number]>> {
  const entries = ACCOUNTS.map(async (appId) => {
    const answer = await httpGet(gateway.opsUrl, `/admin/accounts/${appId}`);
    const { quotas } = answer.json() as { quotas: { name: string; left: number }[] };
    const used = (name: string) => LIMIT - (quotas.find((one) => one.name === name)?.left ?? NaN);
    return [appId, [used('add-per-day'), used('accept-per-day')]] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

interface Outcome {
  readonly status: number;
  readonly code: string | undefined;
  /** The bodies that the upstream received. */
  readonly sent: readonly Buffer[];
}

async function addContacts(body: Buffer | string): Promise<Outcome> {
  gateway.simulator.reset();
  const answer = await httpCall(gateway.url, {
    path: '/contacts/addContacts',
    headers: GOOD_HEADERS,
    body,
  });
  const { code } = answer.json() as { code?: string };
  const sent = gateway.simulator.calls.filter(isAdd).map((call) => call.body);
  return { status: answer.status, code, sent };
}

/** The reading of each parser that accepts the bytes, with option as text. */
async function readingsOf(bytes: Buffer): Promise<(readonly [reader: string, Reading])[]> {
  const readings = [
    ['JSON.parse', JSON.parse(bytes.toString()) as Reading] as const,
    ['Python', await python?.read(bytes)] as const,
    ...READERS.map(({ name, read }) => [name, read(bytes)] as const),
  ];
  return readings.flatMap(([reader, reading]) =>
    reading === undefined ? [] : [[reader, { ...reading, option: String(reading.option) }]],
  );
}

/** Expects that the gateway, which forwarded `bytes`, checked the same values that every parser reads. */
async function expectOneReading(bytes: Buffer): Promise<void> {
  const { appId, option, v3 } = JSON.parse(bytes.toString()) as Reading;
  const kind = String(option);
  // Only adding is counted per person.
  const deciding = { appId, option: kind, ...(kind === '2' ? { v3 } : {}) };
  for (const [reader, reading] of await readingsOf(bytes)) {
    expect([reader, reading]).toEqual([reader, expect.objectContaining(deciding)]);
  }
  const charged = { '2': [1, 0], '3': [0, 1], '4': [0, 0] }[kind];
  expect(await spent()).toEqual({ ...NOTHING, [String(appId)]: charged });
  if (kind !== '2') return;
  // The charged person is the one that every parser read: that one was charged today, others were not.
  const ask = (person: string) => addContacts(JSON.stringify({ appId, option, v3: person }));
  expect(await ask(String(v3))).toMatchObject({ code: 'target-quota-exhausted', sent: [] });
  expect(await ask(`${String(v3)}.`)).toMatchObject({ status: 200 });
}

const REFUSED = expect.stringMatching(
  /^(invalid-(json|body|app-id|option|target)|duplicate-key)$/,
) as unknown;

test(
  'a request in any spelling is carried out as every JSON parser reads it',
  async () => {
    await fc.assert(
      fc.asyncProperty(wellSpelled(ACCOUNTS), async ({ request, bytes }) => {
        clock.advance(2 * DAY_MS);
        const { status, sent } = await addContacts(bytes);
        expect([status, sent]).toEqual([200, [bytes]]);
        await expectOneReading(bytes);
        const readings = await readingsOf(bytes);
        expect(readings).toHaveLength(READERS.length + (hasPython ? 2 : 1));
        for (const [, reading] of readings) expect(reading).toMatchObject(request);
      }),
      { numRuns: budget(100, 3000) },
    );
  },
  budget(600_000, 3_600_000),
);

test(
  'a body of any bytes is refused without a call to GEWE, or carried out as every JSON parser reads it',
  async () => {
    const seen = { refused: 0, sent: 0 };
    await fc.assert(
      fc.asyncProperty(hostile(ACCOUNTS), async (bytes) => {
        clock.advance(2 * DAY_MS);
        const { status, code, sent } = await addContacts(bytes);
        seen[status === 200 ? 'sent' : 'refused'] += 1;
        if (status === 200) {
          expect(sent).toEqual([bytes]);
          await expectOneReading(bytes);
        } else {
          expect({ status, code, sent }).toEqual({ status: 400, code: REFUSED, sent: [] });
          expect(await spent()).toEqual(NOTHING);
        }
      }),
      { numRuns: budget(250, 10_000) },
    );
    // Otherwise one of the two outcomes was never tried.
    expect(Math.min(seen.refused, seen.sent)).toBeGreaterThan(10);
  },
  budget(600_000, 3_600_000),
);

const bodyWith = (members: string) => `{"appId":"wx_a",${members},"v4":"v4_ann"}`;

test.each([
  ...['2.0', '2e0', '20e-1', '2.9999999999999999999', '3.0000000000000000001', '1e400', '-0'],
  ...['"02"', '"+2"', '" 2"', '"2.0"', '"２"', '"2\\u0000"', '"2\\u200b"'],
  ...['true', 'null', '[2]', '{"$numberInt":"2"}', '{"valueOf":2}'],
])('an option written %s, which JSON parsers read differently, is refused', async (option) => {
  const outcome = await addContacts(bodyWith(`"option":${option},"v3":"v3_ann"`));
  expect(outcome).toEqual({ status: 400, code: 'invalid-option', sent: [] });
});

test.each([
  '"option":4,"option":2',
  '"option":4,"opti\\u006fn":2',
  '"option":4,"OPTION":2',
  '"option":4,"_option":2',
  '"option":4,"opt-ion":2',
  '"option":4,"option ":2',
  '"option":4,"option\\u0000":2',
  '"option\\u0000x":2,"option":4',
  '"option":4,"option\\ud800":2',
  '"option":4,"opt\\u0131on":2',
  '"option":4,"OPT\\u0130ON":2',
  '"option":4,"ｏｐｔｉｏｎ":2',
  '"option":4,"opti\\u0301on":2',
  '"option":4,"opt\\u00edon":2',
  '"option":4,"\\ufeffoption":2',
  '"option":2,"v3":"v3_ann","V3":"v3_bob"',
  '"option":2,"v3":"v3_ann","v\\u00b3":"v3_bob"',
  '"option":4,"app_id":"wx_A"',
  '"option":4,"APPID":"wx_A"',
  '"option":4,"__proto__":{"option":2},"__proto__":{}',
])('a body with %s, in which some JSON parser sees a key twice, is refused', async (members) => {
  const outcome = await addContacts(bodyWith(members));
  expect(outcome).toEqual({ status: 400, code: 'duplicate-key', sent: [] });
});

test.each(['Option', 'OPTION', '_option', 'opt\\u0131on', 'option\\u0000', 'option\\u0000x'])(
  'a body whose only option is %s, which some JSON parser reads as option, is refused',
  async (key) => {
    const outcome = await addContacts(bodyWith(`"${key}":2,"v3":"v3_ann"`));
    expect(outcome).toEqual({ status: 400, code: 'invalid-option', sent: [] });
  },
);

test('keys that the gateway does not use may have any spelling', async () => {
  const body = '{"appId":"wx_a","content":"a","Content":"b","contactsInfo":"x"}';
  await gateway.post('search', body).expect(200);
});

test.each(['addcontacts', 'AddContacts', 'ADDCONTACTS', 'fetchcontactslist', 'Search'])(
  'the operation %s, which differs from a known one only in case, is 404 and not forwarded',
  async (operation) => {
    gateway.simulator.reset();
    await gateway.post(operation, { appId: 'wx_a', option: 2, v3: 'v3_ann' }).expect(404);
    expect(gateway.simulator.calls).toHaveLength(0);
  },
);

test.each([
  'v3 ann',
  'v3_ann ',
  'v3_ann\u200b',
  'v3_\u0000',
  '微信',
  'v3_\u00e1',
  'v3_a\u0301',
  '\ud800',
])('a v3 with a character outside visible ASCII (%j) is refused', async (v3) => {
  const outcome = await addContacts(JSON.stringify({ appId: 'wx_a', option: 2, v3 }));
  expect(outcome).toEqual({ status: 400, code: 'invalid-target', sent: [] });
});
