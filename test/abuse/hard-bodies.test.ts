/** Bodies that are expensive to parse: deeply nested, or made to be scanned repeatedly. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { guardedKeys, readJsonObject } from '../../src/http/json-object.ts';
import { sentAdds, TRUSTING_WITHOUT_GAPS } from '../support/add-contacts.ts';
import { budget } from '../support/budget.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  const env = { BODY_LIMIT_BYTES: String(8 * 1024 * 1024) };
  gateway = await startGateway({ policy: TRUSTING_WITHOUT_GAPS, env });
});
afterAll(() => gateway.stop());

const DEPTH = 100_000;

const add = (v3: string, rest: string) => `{"appId":"wx_a","option":2,"v3":"${v3}",${rest}}`;

test.each([
  ['arrays', '[', '1', ']'],
  ['objects', '{"a":', '{}', '}'],
  ['objects with the keys that decide', '{"option":3,"appId":', '"wx_b"', '}'],
  ['both', '[{"a":', '[]', '}]'],
])('100,000 %s nested in each other are passed on unchanged', async (what, open, core, close) => {
  const nested = `${open.repeat(DEPTH)}${core}${close.repeat(DEPTH)}`;
  const body = add(`v3_${what.replaceAll(' ', '_')}`, `"x":${nested}`);
  await gateway.post('addContacts', body).expect(200);
  expect(sentAdds(gateway.simulator).at(-1)?.body.toString()).toBe(body);
});

test.each(['[', '{"a":', '{"appId":"wx_a","option":2,"v3":"v3_ann","x":', '[{"a":'])(
  'a body that opens %s 100,000 times and closes none is refused',
  async (open) => {
    const before = sentAdds(gateway.simulator).length;
    const answer = await gateway.post('addContacts', open.repeat(DEPTH)).expect(400);
    expect(answer.body.code).toBe('invalid-json');
    expect(sentAdds(gateway.simulator)).toHaveLength(before);
  },
);

test('an option of 400 digits is refused, and a valid option next to a number of a million digits is accepted', async () => {
  const digits = (count: number) => `2${'0'.repeat(count - 1)}`;
  const long = `{"appId":"wx_a","option":${digits(400)},"v3":"v3_digits"}`;
  expect((await gateway.post('addContacts', long)).body.code).toBe('invalid-option');
  await gateway.post('addContacts', add('v3_digits', `"x":${digits(1_000_000)}`)).expect(200);
});

/** Bodies of about this many bytes. */
const HARD = Object.entries<(bytes: number) => string>({
  'many keys': (bytes) => filled(bytes, (i) => `"k${i}":1`),
  'many keys in escapes': (bytes) =>
    filled(bytes, (i) => `"\\u0061\\u0301${i.toString(36).split('').join('\\u200b')}":1`),
  'many keys of one prefix': (bytes) => filled(bytes, (i) => `"option${'_'.repeat(100)}${i}":1`),
  'one string of backslashes': (bytes) => `{"x":"${'\\\\'.repeat(bytes / 2)}"}`,
  'one key of backslashes': (bytes) => `{"${'\\\\'.repeat(bytes / 2)}":1}`,
  'one key of NULs': (bytes) => `{"${'\\u0000'.repeat(bytes / 6)}":1}`,
  // Unicode normalisation sorts combining marks, and scans the preceding ones for each.
  'one key of marks in the wrong order': (bytes) =>
    `{"${'\u0301'.repeat(bytes / 4)}${'\u0323'.repeat(bytes / 4)}":1}`,
  'one key of letters with two marks each': (bytes) => `{"${'ǖ'.repeat(bytes / 2)}":1}`,
  'one key of letters that become many': (bytes) => `{"${'ﷺ'.repeat(bytes / 3)}":1}`,
  'white space': (bytes) => `{"x":${' \n\t\r'.repeat(bytes / 4)}1}`,
  digits: (bytes) => `{"x":${'9'.repeat(bytes)}}`,
  'brackets within each other': (bytes) => `{"x":${'['.repeat(bytes / 2)}${']'.repeat(bytes / 2)}}`,
});

function filled(bytes: number, member: (i: number) => string): string {
  const members: string[] = [];
  for (let length = 0; length < bytes; length += (members.at(-1)?.length ?? 0) + 1) {
    members.push(member(members.length));
  }
  return `{${members.join(',')}}`;
}

/** The CPU time of this thread for parsing a body this many times, in milliseconds. Other processes do not affect it. */
function costOf(body: Buffer, times: number): number {
  const before = process.threadCpuUsage();
  for (let time = 0; time < times; time++) {
    readJsonObject(body, guardedKeys('appId', 'option', 'v3'));
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

/** The length of a short body in bytes, and how many times longer the long one is. */
const [SHORT, LONGER] = [62_500, 16];

test.each(HARD)(
  '%s: a long body takes at most four times the CPU time of the same number of bytes in short bodies',
  async (_, make) => {
    const rounds = budget(1, 5);
    const short = costOf(Buffer.from(make(SHORT)), LONGER * rounds);
    const long = costOf(Buffer.from(make(SHORT * LONGER)), rounds);
    // A quadratic parser would take 16 times as long. The floor is for times too short to measure.
    expect(long).toBeLessThan(Math.max(4 * short, 60));
    const whole = add('v3_ann', make(1_000_000).slice(1, -1));
    await gateway.post('search', whole).expect(200);
  },
);
