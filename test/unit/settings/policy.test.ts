import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse as parseYamlText } from 'yaml';
import { z } from 'zod';
import { clientsFile, parseClients } from '../../../src/settings/clients.ts';
import { parsePolicy, policyFile } from '../../../src/settings/policy.ts';
import { inWords } from '../../../src/settings/problem.ts';

const NOW = Date.parse('2026-03-01T00:00:00Z');
const HOUR = 3_600_000;

const parse = (text: string) => parsePolicy(text, 'config/gateway.yaml', NOW);

function policyOf(text: string) {
  const parsed = parse(text);
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.policy;
}

function problemsOf(text: string): string[] {
  const parsed = parse(text);
  return 'problems' in parsed ? parsed.problems.map(inWords) : [];
}

const DEFAULTS = {
  list: { freshForMs: 0, memoryBytes: 67_108_864, maxCallsUnderWay: 1000 },
  breaker: { failures: 5, windowMs: 10_000, probeEveryMs: 5000 },
  addContacts: {
    accountAge: { minimumMs: 72 * HOUR, mode: 'block', unknown: 'start-now' },
    add: {
      perDay: [
        { fromAgeMs: 0, limit: 5 },
        { fromAgeMs: 7 * 24 * HOUR, limit: 10 },
        { fromAgeMs: 14 * 24 * HOUR, limit: 15 },
      ],
      perTwoHours: 8,
      minimumGapMs: 60_000,
      target: { perDay: 2, minimumGapMs: HOUR },
    },
    accept: { perDay: 200, warnUnderMs: 48 * HOUR },
  },
  clientRequestsPerMinute: 6000,
  journal: { keepMs: 90 * 24 * HOUR, maxRows: undefined },
  accounts: new Map(),
};

/** The defaults of a section, in the terms and units of the file. */
function defaultsIn({ properties, default: own }: z.core.JSONSchema.BaseSchema): unknown {
  if (properties === undefined) return own;
  const defaults = Object.entries(properties).map(
    ([name, part]) => [name, typeof part === 'boolean' ? part : defaultsIn(part)] as const,
  );
  // A setting whose default depends on others has none of its own.
  return Object.fromEntries(defaults.filter(([, value]) => value !== undefined));
}

describe('the policy file', () => {
  test('has all defaults if it is empty', () => {
    expect(policyOf('')).toEqual(DEFAULTS);
    expect(policyOf('# nothing\n')).toEqual(DEFAULTS);
  });

  test('in the package states exactly the defaults', () => {
    const text = readFileSync('config/gateway.yaml', 'utf8');
    expect(policyOf(text)).toEqual(DEFAULTS);
    // The file also states each of them.
    expect(parseYamlText(text)).toEqual(defaultsIn(z.toJSONSchema(policyFile, { io: 'input' })));
  });

  test('keeps the defaults of omitted settings, section by section', () => {
    const policy = policyOf('addContacts: { add: { target: { perDay: 9 } } }\nbreaker:\n');
    expect(policy.addContacts.add.target).toEqual({ perDay: 9, minimumGapMs: HOUR });
    expect(policy.addContacts.accept).toEqual(DEFAULTS.addContacts.accept);
    expect(policy.breaker).toEqual(DEFAULTS.breaker);
  });

  test('converts its units to milliseconds, including fractions', () => {
    const policy = policyOf(
      'list: { freshForSeconds: 1.5 }\naddContacts: { accountAge: { minimumHours: 0.5 } }',
    );
    expect(policy.list.freshForMs).toBe(1500);
    expect(policy.addContacts.accountAge.minimumMs).toBe(HOUR / 2);
  });

  test('declares accounts by an instant with a zone', () => {
    const policy = policyOf(
      'accounts:\n  wx_a: { onlineSince: "2026-01-01T08:00:00+08:00" }\n  wx_b: { onlineSince: 2026-01-02T00:00:00Z }\n',
    );
    expect([...policy.accounts]).toEqual([
      ['wx_a', Date.parse('2026-01-01T00:00:00Z')],
      ['wx_b', Date.parse('2026-01-02T00:00:00Z')],
    ]);
  });

  test.each([
    ['2026-01-01T00:00:00', 'an instant without its zone'],
    ['2026-01-01', 'a day'],
    ['2026-02-30T00:00:00Z', 'a day that does not exist'],
    ['2026-03-02T00:00:01Z', 'more than a day in the future'],
    ['yesterday', 'a word'],
  ])('refuses onlineSince %s (%s)', (since) => {
    expect(problemsOf(`accounts: { wx_a: { onlineSince: "${since}" } }`)).toEqual([
      expect.stringContaining('accounts.wx_a.onlineSince'),
    ]);
  });

  test('accepts an account that comes online within a day', () => {
    expect(problemsOf('accounts: { a: { onlineSince: "2026-03-02T00:00:00Z" } }')).toEqual([]);
  });

  test.each([
    ['lst: {}', 'lst is not a known setting'],
    ['addContacts: { add: { perDya: [] } }', 'addContacts.add.perDya is not a known setting'],
    ['breaker: { failures: 5, failures: 6 }', 'duplicate key failures'],
    ['breaker: {}\nbreaker: {}', 'duplicate key breaker'],
    ['breaker: { failures: "5" }', 'breaker.failures must be a whole number'],
    ['breaker: { failures: 1.5 }', 'breaker.failures must be a whole number'],
    ['breaker: { failures: .nan }', 'breaker.failures must be a whole number'],
    ['breaker: { failures: .inf }', 'breaker.failures must be a whole number'],
    ['breaker: { failures: 0 }', 'breaker.failures must be a whole number'],
    ['breaker: { failures: 1e300 }', 'breaker.failures must be a whole number'],
    ['breaker: { probeEverySeconds: 0 }', 'breaker.probeEverySeconds must be a number'],
    ['list: { freshForSeconds: -1 }', 'list.freshForSeconds must be a number'],
    ['addContacts: { add: { minimumGapSeconds: 604801 } }', 'from 0 to 604800'],
    ['addContacts: { add: { perTwoHours: 0 } }', 'perTwoHours must be a whole number from 1'],
    ['addContacts: { add: { perTwoHours: }}', 'perTwoHours must be a whole number from 1'],
    ['addContacts: { add: { perDay: [] } }', 'perDay must have at least one step'],
    ['addContacts: { add: { perDay: [{ fromDay: 1, limit: 5 }] } }', 'must start with'],
    ['addContacts: { add: { perDay: [{ fromDay: 0, limit: 0 }] } }', 'perDay[0].limit'],
    [
      'addContacts: { add: { perDay: [{ fromDay: 0, limit: 5 }, { fromDay: 7, limit: 5 }, { fromDay: 7, limit: 6 }] } }',
      'grows from each to the next',
    ],
    [
      'addContacts: { add: { perDay: [{ fromDay: 0, limit: 5 }, { fromDay: 7, limit: 4 }] } }',
      'addContacts.add.perDay must have steps whose limit is never lower than the one before',
    ],
    ['addContacts: { accountAge: { mode: loud } }', 'mode must be one of block, warn, off'],
    ['accounts: { "a b": { onlineSince: "2026-01-01T00:00:00Z" } }', 'an appId is 1 to 128'],
    ['accounts: { 007: { onlineSince: "2026-01-01T00:00:00Z" } }', 'put quotes around it'],
    ['accounts: { __proto__: { onlineSince: "2026-01-01T00:00:00Z" } }', '__proto__'],
    ['[]', 'config/gateway.yaml line 1: the file must be a map of settings; it is a list'],
    ['just text', 'the file must be a map of settings; it is a text'],
    ['list: *nowhere', 'alias'],
    ['list: {}\n---\nlist: {}', 'only one document'],
    ['list:\n\tmemoryBytes: 5', 'tabs'],
    ['list: {', 'config/gateway.yaml line 1'],
    ['list: !thing {}', 'not valid YAML'],
  ])('refuses %j', (text, why) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(why);
  });

  test.each([
    ['list: [1]', 'line 1: list must be a map of settings; it is a list'],
    ['list: {}\nbreaker: 5', 'line 2: breaker must be a map of settings; it is a number'],
    [
      'addContacts:\n  add:\n    perDay: 5',
      'line 3: addContacts.add.perDay must be a list; it is a number',
    ],
    [
      'addContacts:\n  add:\n    perDay:\n      - 5',
      'line 4: addContacts.add.perDay[0] must be a map of settings; it is a number',
    ],
    [
      'addContacts:\n  add:\n    perDay:\n      - { fromDay: 0 }',
      'line 4: addContacts.add.perDay[0].limit is missing; it must be a whole number from 1 to 1000000',
    ],
    [
      'addContacts:\n  accept:',
      'line 2: addContacts.accept must be a map of settings; it is empty',
    ],
    [
      'breaker:\n  failures: "5"',
      'line 2: breaker.failures must be a whole number from 1 to 1000000; it is a text',
    ],
    [
      'breaker:\n  failures: 0',
      'line 2: breaker.failures must be a whole number from 1 to 1000000',
    ],
    [
      'addContacts: { accountAge: { mode: } }',
      'line 1: addContacts.accountAge.mode must be one of block, warn, off; it is empty',
    ],
    ['accounts: 7', 'line 1: accounts must be a map of entries by name; it is a number'],
    ['accounts:\n  wx_a:', 'line 2: accounts.wx_a must be a map of settings; it is empty'],
    [
      'accounts:\n  wx_a: {}',
      'line 2: accounts.wx_a.onlineSince is missing; it must be an instant with its zone, such as "2026-01-01T00:00:00Z"',
    ],
    [
      'accounts:\n  wx_a:\n    onlineSince: 2026',
      'line 3: accounts.wx_a.onlineSince must be an instant with its zone, such as "2026-01-01T00:00:00Z"; it is a number',
    ],
    ['\n\nlist: &a\n  nonsense: 1', 'line 4: list.nonsense is not a known setting'],
  ])(
    'reports for %j in one sentence what is expected, what was found, and on which line',
    (text, said) => {
      expect(problemsOf(text)).toEqual([`config/gateway.yaml ${said}`]);
    },
  );

  test('accepts steps with the same limit', () => {
    expect(
      problemsOf(
        'addContacts: { add: { perDay: [{ fromDay: 0, limit: 5 }, { fromDay: 7, limit: 5 }] } }',
      ),
    ).toEqual([]);
  });

  test('reports all its problems at once', () => {
    expect(
      problemsOf(
        'nonsense: 1\nbreaker: { failures: x, more: 1 }\nclientRate: { requestsPerMinute: 0 }',
      ),
    ).toHaveLength(4);
  });
});

describe('the JSON schemas for editors', () => {
  const SCHEMAS = { gateway: policyFile, clients: clientsFile };

  test.each(['gateway', 'clients'] as const)(
    'config/%s.schema.json matches the gateway (renew it with UPDATE_SCHEMAS=1)',
    (name) => {
      const path = `config/${name}.schema.json`;
      const schema = z.toJSONSchema(SCHEMAS[name], { io: 'input', target: 'draft-7' });
      if (process.env['UPDATE_SCHEMAS'] !== undefined) {
        writeFileSync(path, `${JSON.stringify(schema, null, 2)}\n`);
      }
      expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(schema)));
    },
  );

  test.each([
    ['gateway.yaml', 'gateway.schema.json'],
    ['clients.example.yaml', 'clients.schema.json'],
  ])('config/%s names its schema', (file, schema) => {
    expect(readFileSync(`config/${file}`, 'utf8')).toContain(
      `# yaml-language-server: $schema=./${schema}\n`,
    );
  });

  test('config/clients.example.yaml is a valid clients file', () => {
    const text = readFileSync('config/clients.example.yaml', 'utf8');
    const parsed = parseClients(text, 'config/clients.example.yaml', 6000);
    expect(parsed).toMatchObject({
      entries: [{ client: { name: 'crm', errors: 'http' } }, { client: { name: 'report' } }],
    });
  });
});
