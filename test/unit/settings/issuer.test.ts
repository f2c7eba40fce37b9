import { describe, expect, test } from '@jest/globals';
import { parseClients } from '../../../src/settings/clients.ts';
import { inWords } from '../../../src/settings/problem.ts';

const HASH = `sha256:${'0'.repeat(64)}`;
const KEYS = `keys: ["${HASH}"]`;
const CLIENTS = 'clients:\n  web: {}\n';
const STAFF = { issuer: 'https://id.example.com', audience: 'gewe-gateway', client: 'web' };

const parse = (text: string) => parseClients(text, 'config/clients.yaml', 6000);
const withIssuer = (entry: object) =>
  parse(`${CLIENTS}issuers:\n  staff: ${JSON.stringify(entry)}\n`);

function problemsOf(parsed: ReturnType<typeof parse>): string[] {
  return 'problems' in parsed ? parsed.problems.map(inWords) : [];
}

function issuersOf(parsed: ReturnType<typeof parse>) {
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.issuers;
}

describe('an issuer of the clients file', () => {
  test('needs an issuer, an audience and a client, and has defaults for the rest', () => {
    expect(issuersOf(withIssuer(STAFF))).toEqual([
      { ...STAFF, name: 'staff', audience: ['gewe-gateway'], require: {}, subjectClaim: 'sub' },
    ]);
  });

  test('reads every setting', () => {
    const entry = {
      issuer: 'http://127.0.0.1:8080/realms/a/',
      jwksUrl: 'http://localhost:8080/keys?appid=1',
      audience: ['a', 'b'],
      client: 'web',
      appIdsClaim: 'https://x/apps',
      operationsClaim: 'ops',
      require: { groups: ['sales', 7, true], 'realm_access.roles': ['agent'] },
      subjectClaim: 'email',
    };
    expect(issuersOf(withIssuer(entry))).toEqual([{ name: 'staff', ...entry }]);
  });

  test('is not needed', () => {
    expect(issuersOf(parse(`clients: { web: { ${KEYS} } }`))).toEqual([]);
  });

  test.each([
    [{ issuer: undefined }, 'issuers.staff.issuer is missing; it must be a text'],
    [{ issuer: 'id.example.com' }, 'issuers.staff.issuer must be a URL with https'],
    [{ issuer: 'http://id.example.com' }, 'issuers.staff.issuer must be a URL with https'],
    [{ issuer: 'https://u:p@id.example.com' }, 'issuers.staff.issuer must be a URL with https'],
    [{ issuer: 'https://id.example.com?a=b' }, 'issuers.staff.issuer must be a URL with https'],
    [{ issuer: 'https://id.example.com#a' }, 'issuers.staff.issuer must be a URL with https'],
    [{ issuer: 'https://id.example.com /' }, 'issuers.staff.issuer must be a URL with https'],
    [{ issuer: 'https://' }, 'issuers.staff.issuer must be a URL with https'],
    [{ issuer: 'file:///etc/passwd' }, 'issuers.staff.issuer must be a URL with https'],
    [{ jwksUrl: 'http://id.example.com/keys' }, 'issuers.staff.jwksUrl must be a URL with https'],
    [{ jwksUrl: 'http://127.0.0.1.example.com' }, 'issuers.staff.jwksUrl must be a URL with https'],
    [{ audience: undefined }, 'issuers.staff.audience is missing; it must be a text, or a list'],
    [{ audience: [] }, 'issuers.staff.audience must be a text, or a list'],
    [{ audience: '' }, 'issuers.staff.audience must be a text, or a list'],
    [{ audience: [7] }, 'issuers.staff.audience must be a text, or a list'],
    [{ client: 'other' }, 'issuers.staff.client must be the name of a client of this file'],
    [{ client: 'constructor' }, 'issuers.staff.client must be the name of a client of this file'],
    [{ appIdsClaim: '' }, 'issuers.staff.appIdsClaim must not be empty'],
    [{ subjectClaim: 7 }, 'issuers.staff.subjectClaim must be a text; it is a number'],
    [{ require: { groups: [] } }, 'issuers.staff.require.groups must have at least one value'],
    [{ require: { groups: 'sales' } }, 'issuers.staff.require.groups must be a list; it is a text'],
    [{ require: { groups: [null] } }, 'issuers.staff.require.groups[0] must be a text, a number'],
    [{ secret: 'x' }, 'issuers.staff.secret is not a known setting'],
  ])('with %j is refused, with file and line', (change, why) => {
    const problems = problemsOf(withIssuer({ ...STAFF, ...change }));
    const about = problems.filter((problem) => problem.includes('issuers.'));
    expect(about).toEqual([expect.stringContaining(`config/clients.yaml line 4: ${why}`)]);
  });

  test('and the clients are checked in one run, also where the entries themselves are wrong', () => {
    const text = `
clients:
  web:
    colour: red
  lost:
    appIds: [wx_a]
issuers:
  staff:
    issuer: http://id.example.com
    audience: a
    client: nobody
  "a b": 7
`;
    const problems = problemsOf(parse(text));
    for (const said of [
      'line 3: clients.web.keys is missing',
      'line 4: clients.web.colour is not a known setting',
      'line 5: clients.lost.keys is missing',
      'line 9: issuers.staff.issuer must be a URL with https',
      'line 11: issuers.staff.client must be the name of a client of this file',
      'line 12: issuers.(a name not shown) the name of an issuer is 1 to 64',
    ]) {
      expect(problems).toContainEqual(expect.stringContaining(said));
    }
    expect(problems).toHaveLength(6);
  });
});

describe('a client without keys', () => {
  test('is accepted if an issuer names it, and refused otherwise', () => {
    expect(problemsOf(withIssuer(STAFF))).toEqual([]);
    expect(problemsOf(parse('clients:\n  web: {}\n'))).toEqual([
      'config/clients.yaml line 2: clients.web.keys is missing; it must be a list (only a client that an issuer names can do without)',
    ]);
  });

  test('has no key that could find it', () => {
    const parsed = withIssuer(STAFF);
    expect('entries' in parsed && parsed.entries).toMatchObject([
      { client: { name: 'web' }, keyHashes: [] },
    ]);
  });
});

describe('two issuers', () => {
  const two = (one: object, other: object) =>
    parse(
      `${CLIENTS}issuers:\n  staff: ${JSON.stringify({ ...STAFF, ...one })}\n  more: ${JSON.stringify({ ...STAFF, ...other })}\n`,
    );
  const OVERLAP =
    'config/clients.yaml line 5: issuers.more has an audience that staff has for its issuer too';

  test.each([
    [{}, {}],
    [{ audience: ['a', 'b'] }, { audience: 'b' }],
    [{ audience: 'b' }, { audience: ['a', 'b'], jwksUrl: 'https://id.example.com/keys' }],
  ])('with the same issuer and an audience in common are refused: %j and %j', (one, other) => {
    expect(problemsOf(two(one, other))).toEqual([OVERLAP]);
  });

  test.each([
    [{ audience: 'a' }, { audience: 'b' }],
    [{}, { issuer: 'https://id.example.com/' }],
  ])('that differ in one of the two are accepted: %j and %j', (one, other) => {
    expect(issuersOf(two(one, other))).toHaveLength(2);
  });
});
