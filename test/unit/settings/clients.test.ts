import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  createClientDirectory,
  entriesOfKeys,
  parseClients,
} from '../../../src/settings/clients.ts';
import { inWords } from '../../../src/settings/problem.ts';

const hash = (key: string) => createHash('sha256').update(key).digest('hex');
const KEYS = `keys: ["sha256:${hash('one')}"]`;

const parse = (text: string) => parseClients(text, 'config/clients.yaml', 6000);

function entriesOf(text: string) {
  const parsed = parse(text);
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.entries;
}

function problemsOf(text: string): string[] {
  const parsed = parse(text);
  return 'problems' in parsed ? parsed.problems.map(inWords) : [];
}

describe('the clients file', () => {
  test('gives a client with only a key all accounts and the read operations', () => {
    expect(entriesOf(`clients: { crm: { ${KEYS} } }`)).toEqual([
      {
        client: {
          name: 'crm',
          appIds: ['*'],
          operations: ['read'],
          requestsPerMinute: 6000,
          errors: undefined,
          origins: [],
        },
        keyHashes: [hash('one')],
      },
    ]);
  });

  test('reads every setting', () => {
    const [entry] = entriesOf(`
clients:
  crm:
    keys: ["sha256:${hash('one')}", "sha256:${hash('two')}"]
    appIds: ["wx_sales_*", "wx@b"]
    operations: ["read", "addContacts"]
    requestsPerMinute: 600
    errors: gewe
    origins: ["https://crm.example.com", "http://localhost:3000", "http://[::1]:3000"]
`);
    expect(entry?.keyHashes).toEqual([hash('one'), hash('two')]);
    expect(entry?.client).toEqual({
      name: 'crm',
      appIds: ['wx_sales_*', 'wx@b'],
      operations: ['read', 'addContacts'],
      requestsPerMinute: 600,
      errors: 'gewe',
      origins: ['https://crm.example.com', 'http://localhost:3000', 'http://[::1]:3000'],
    });
  });

  test('lets the sessions of a client have 60 requests a minute each, and a day at most', () => {
    const sessionsOf = (text: string) =>
      entriesOf(`clients: { crm: { ${KEYS}, sessions: ${text} } }`)[0]?.client.sessions;
    expect(sessionsOf('{ maxSeconds: 86400 }')).toEqual({
      maxSeconds: 86_400,
      requestsPerMinute: 60,
    });
    expect(sessionsOf('{ maxSeconds: 1, requestsPerMinute: 7 }')).toEqual({
      maxSeconds: 1,
      requestsPerMinute: 7,
    });
  });

  test('may list no client, so that all are refused', () => {
    expect(entriesOf('clients: {}')).toEqual([]);
  });

  test.each([
    ['', 'clients'],
    ['clients:', 'clients'],
    ['clients: { crm: }', 'clients.crm'],
    ['clients: { crm: {} }', 'clients.crm.keys'],
    ['clients: { crm: { keys: [] } }', 'clients.crm.keys must have at least one'],
    ['clients: { crm: { keys: "sha256:ab" } }', 'clients.crm.keys'],
    [`clients: { crm: { keys: ["${hash('one')}"] } }`, 'clients.crm.keys[0] must be "sha256:"'],
    [`clients: { crm: { keys: ["sha256:${hash('one').toUpperCase()}"] } }`, 'keys[0] must be'],
    [`clients: { crm: { ${KEYS} }, crm: { ${KEYS} } }`, 'duplicate key crm'],
    [`clients: { crm: { ${KEYS}, rights: all } }`, 'clients.crm.rights is not a known setting'],
    [`clients: { "a b": { ${KEYS} } }`, 'the name of a client is 1 to 64'],
    [`clients: { 12: { ${KEYS} } }`, 'put quotes around it'],
    [`clients: { crm: { ${KEYS}, appIds: [] } }`, 'appIds must have'],
    [`clients: { crm: { ${KEYS}, appIds: ["a b"] } }`, 'appIds[0] must be'],
    [`clients: { crm: { ${KEYS}, operations: ["a/b"] } }`, 'operations[0] must be'],
    [`clients: { crm: { ${KEYS}, requestsPerMinute: 0 } }`, 'requestsPerMinute must be'],
    [`clients: { crm: { ${KEYS}, sessions: {} } }`, 'sessions.maxSeconds'],
    [`clients: { crm: { ${KEYS}, sessions: { maxSeconds: 0 } } }`, 'maxSeconds must be a whole'],
    [`clients: { crm: { ${KEYS}, sessions: { maxSeconds: 86401 } } }`, 'number from 1 to 86400'],
    [
      `clients: { crm: { ${KEYS}, sessions: { maxSeconds: 60, ttl: 1 } } }`,
      'sessions.ttl is not a known setting',
    ],
    [
      `clients: { crm: { ${KEYS}, sessions: { maxSeconds: 60, requestsPerMinute: 0 } } }`,
      'sessions.requestsPerMinute must be',
    ],
    [`clients: { crm: { ${KEYS}, errors: soap } }`, 'errors must be one of http, gewe'],
  ])('refuses %j', (text, why) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(why);
  });

  test.each([
    ['clients:', 'line 1: clients must be a map of entries by name; it is empty'],
    ['', 'line 1: clients is missing; it must be a map of entries by name'],
    ['# nobody yet\nclients: []', 'line 2: clients must be a map of entries by name; it is a list'],
    ['# one\nclients:\n  crm:', 'line 3: clients.crm must be a map of settings; it is empty'],
    ['clients:\n  crm: text', 'line 2: clients.crm must be a map of settings; it is a text'],
    [
      'clients:\n  crm: {}',
      'line 2: clients.crm.keys is missing; it must be a list (only a client that an issuer names can do without)',
    ],
    ['clients:\n  crm:\n    keys: true', 'line 3: clients.crm.keys must be a list; it is true'],
    [
      'clients:\n  crm:\n    keys:\n      - 7',
      'line 4: clients.crm.keys[0] must be "sha256:" and 64 lowercase hexadecimal digits; it is a number',
    ],
    [
      `clients:\n  crm:\n    ${KEYS}\n    appIds: [wx_a, 7]`,
      'line 4: clients.crm.appIds[1] must be a text; it is a number: put quotes around it',
    ],
    [
      `clients:\n  crm:\n    ${KEYS}\n    origins: { a: b }`,
      'line 4: clients.crm.origins must be a list; it is a map',
    ],
    [
      `clients:\n  crm:\n    ${KEYS}\n    requestsPerMinute: many`,
      'line 4: clients.crm.requestsPerMinute must be a whole number from 1 to 10000000; it is a text',
    ],
    [
      `clients:\n  crm:\n    ${KEYS}\n    errors: 7`,
      'line 4: clients.crm.errors must be one of http, gewe; it is a number',
    ],
  ])(
    'reports for %j in one sentence what is expected, what was found, and on which line',
    (text, said) => {
      expect(problemsOf(text)).toEqual([`config/clients.yaml ${said}`]);
    },
  );

  test.each([
    ['addContact', 'addContacts'],
    ['addcontacts', 'addContacts'],
    ['fetchContactList', 'fetchContactsList'],
    ['fetchContacts', 'fetchContactsList'],
    ['searhc', 'search'],
    ['READ', 'read'],
    ['reads', 'read'],
  ])('refuses the operation %s and suggests %s', (operation, meant) => {
    expect(
      problemsOf(`clients:\n  crm:\n    ${KEYS}\n    operations: [read, ${operation}]`),
    ).toEqual([
      `config/clients.yaml line 4: clients.crm.operations[1] is not a known operation; did you mean ${meant}?`,
    ]);
  });

  test.each(['tomorrow', '"*"', 'a/b', 'xxxxxxxxxx', '7', 'gwk_R4nd0mR4nd0mR4nd0m'])(
    'refuses the operation %s, which is similar to none, without repeating it',
    (operation) => {
      const problems = problemsOf(`clients: { crm: { ${KEYS}, operations: [${operation}] } }`);
      expect(problems).toEqual([expect.stringContaining('must be one of read, write, all, fetch')]);
      expect(problems[0]).not.toContain(operation.length > 3 ? operation : 'never');
    },
  );

  test.each([
    '*',
    'null',
    'https://*.example.com',
    'https://crm.example.com/',
    'https://crm.example.com/path',
    'https://crm.example.com:443',
    'https://CRM.example.com',
    'https://user@crm.example.com',
    'crm.example.com',
    'file:///tmp',
  ])('refuses the origin %s', (origin) => {
    const problems = problemsOf(`clients: { crm: { ${KEYS}, origins: ["${origin}"] } }`);
    expect(problems).toEqual([expect.stringContaining('origins[0] must be an origin')]);
  });

  test('never repeats a key that was written instead of its hash, a name or a setting', () => {
    const key = 'gwk_R4nd0mR4nd0mR4nd0mR4nd0mR4nd0mR4nd0mR4nd0m';
    for (const text of [
      `clients: { crm: { keys: ["${key}"] } }`,
      `clients: { crm: { keys: { ${key}: 1 } } }`,
      `clients: { crm: { ${key}: 1, ${KEYS} } }`,
      `clients: { crm: { keys: [*${key}] } }`,
      `clients: { crm: { keys: [!${key} a] } }`,
      `clients: { crm: { keys: ["${key}] } }`,
      `${key}\n ${key}: ${key}`,
      key,
    ]) {
      const parsed = parse(text);
      expect(parsed).toHaveProperty('problems');
      expect(JSON.stringify(parsed)).not.toContain(key);
    }
  });
});

describe('the client directory', () => {
  const directory = createClientDirectory([
    ...entriesOf(
      `clients: { crm: { keys: ["sha256:${hash('one')}", "sha256:${hash('two')}"], origins: ["https://a.example"] } }`,
    ),
    ...entriesOfKeys([{ name: 'bot', key: 'three' }], 60),
  ]);

  test('finds a client by any of its keys', () => {
    expect(directory.find('one')?.name).toBe('crm');
    expect(directory.find('two')?.name).toBe('crm');
    expect(directory.find('three')).toEqual({
      name: 'bot',
      appIds: ['*'],
      operations: ['all'],
      requestsPerMinute: 60,
      errors: undefined,
      origins: [],
    });
  });

  test.each(['', 'One', 'one ', hash('one'), `sha256:${hash('one')}`, 'x'.repeat(100_000)])(
    'finds no client by another text',
    (key) => expect(directory.find(key)).toBeUndefined(),
  );

  test('knows exactly the listed origins', () => {
    expect(directory.knowsOrigin('https://a.example')).toBe(true);
    expect(directory.knowsOrigin('https://b.example')).toBe(false);
    expect(directory.knowsOrigin('null')).toBe(false);
  });
});
