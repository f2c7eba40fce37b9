import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readEnvironment, VARIABLE_NAMES } from '../../../src/settings/env.ts';

const read = (env: Record<string, string>) =>
  readEnvironment({ GEWE_BASE_URL: 'http://127.0.0.1:2531/v2/api', ...env });

const problemsOf = (env: Record<string, string>) =>
  read(env).problems.map(({ setting, problem }) => `${setting} ${problem}`);

describe('the environment', () => {
  test('has the documented default for each unset variable', () => {
    const { environment, problems } = read({});
    expect(problems).toEqual([]);
    expect(environment).toEqual({
      settings: {
        geweBaseUrl: new URL('http://127.0.0.1:2531/v2/api'),
        geweTimeoutMs: 30_000,
        answerLimitBytes: 33_554_432,
        host: '127.0.0.1',
        port: 8080,
        opsHost: '127.0.0.1',
        opsPort: 9090,
        opsOrigin: undefined,
        auth: 'keys',
        storeUrl: 'sqlite:data/gateway.db',
        bodyLimitBytes: 1_048_576,
        trustProxy: undefined,
        logLevel: 'info',
        shutdownGraceMs: 10_000,
        logFormat: 'auto',
        instance: undefined,
        docs: 'both',
      },
      list: { deadlineMs: 7000, cacheDeadlineMs: 2000, hardLimitMs: 300_000, pollMs: 10_000 },
      files: { policy: undefined, clients: undefined },
      secrets: { token: undefined, tokenFile: undefined, opsToken: undefined, keys: undefined },
    });
  });

  test('treats an empty variable as unset, not as 0', () => {
    const empty = Object.fromEntries(VARIABLE_NAMES.map((name) => [name, '']));
    const { environment, problems } = readEnvironment(empty);
    const { settings, ...rest } = read({}).environment;
    expect(environment).toEqual({ settings: { ...settings, geweBaseUrl: undefined }, ...rest });
    expect(problems.map(({ setting }) => setting)).toEqual(['GEWE_BASE_URL']);
  });

  test.each([
    'abc',
    '0x50',
    '1e3',
    ' 80',
    '80 ',
    '+80',
    '-1',
    '8.5',
    '08',
    '65536',
    '99999999999',
    'Infinity',
    '８０',
  ])('refuses %j for PORT', (PORT) => {
    expect(problemsOf({ PORT })).toEqual(['PORT must be a whole number from 0 to 65535']);
  });

  test('accepts PORT 0 and LIST_DEADLINE_MS 1, but refuses LIST_DEADLINE_MS 0 and values longer than a timer allows', () => {
    expect(problemsOf({ PORT: '0', LIST_DEADLINE_MS: '1' })).toEqual([]);
    expect(problemsOf({ LIST_DEADLINE_MS: '0' })).toHaveLength(1);
    expect(problemsOf({ LIST_DEADLINE_MS: '2147483648' })).toHaveLength(1);
  });

  test('reports all invalid variables at once, each with a remedy', () => {
    const { problems } = readEnvironment({
      PORT: 'x',
      LOG_LEVEL: 'loud',
      LOG_FORMAT: 'xml',
      INSTANCE: 'two words',
      GATEWAY_AUTH: 'maybe',
      STORE_URL: 'mysql://db',
      HOST: 'http://here',
      TRUST_PROXY: 'true',
    });
    expect(problems.map(({ setting }) => setting).sort()).toEqual([
      'GATEWAY_AUTH',
      'GEWE_BASE_URL',
      'HOST',
      'INSTANCE',
      'LOG_FORMAT',
      'LOG_LEVEL',
      'PORT',
      'STORE_URL',
      'TRUST_PROXY',
    ]);
    expect(problems.every(({ remedy }) => remedy.length > 10)).toBe(true);
  });

  test.each([
    ['http://127.0.0.1:2531/v2/api', 'http://127.0.0.1:2531/v2/api'],
    ['https://gewe.example.com/gewe/v2/api///', 'https://gewe.example.com/gewe/v2/api'],
    ['HTTP://[::1]:2531', 'http://[::1]:2531/'],
  ])('reads GEWE_BASE_URL %s', (given, href) => {
    expect(read({ GEWE_BASE_URL: given }).environment.settings.geweBaseUrl?.href).toBe(href);
  });

  test.each([
    ['127.0.0.1:2531/v2/api', 'http://'],
    ['ftp://host/v2', 'http://'],
    ['http://user:pass@host/v2', 'password'],
    ['http://user@host/v2', 'user name'],
    ['http://host/v2?a=1', 'query'],
    ['http://host/v2?', 'query'],
    ['http://host/v2#a', 'fragment'],
    ['http://host/v2 /api', 'not a URL'],
    ['http://', 'not a URL'],
    ['http://host/v2/api/contacts', '/contacts'],
    ['http://host/v2/api/Contacts/', '/contacts'],
  ])('refuses GEWE_BASE_URL %s', (given, why) => {
    const { problems } = read({ GEWE_BASE_URL: given });
    expect(problems).toHaveLength(1);
    expect(problems[0]?.problem).toContain(why);
    expect(JSON.stringify(problems)).not.toContain('pass@');
  });

  test('takes OPS_ORIGIN only as browsers send it', () => {
    const OPS_ORIGIN = 'https://ops.example.com:8443';
    expect(read({ OPS_ORIGIN }).environment.settings.opsOrigin).toBe(OPS_ORIGIN);
    for (const wrong of [
      ...['ops.example.com', `${OPS_ORIGIN}/`, 'https://ops.example.com:443', 'https://*.example'],
      ...['HTTPS://ops.example.com', 'https://a@ops.example.com', 'null', 'ftp://ops.example.com'],
    ]) {
      expect([wrong, problemsOf({ OPS_ORIGIN: wrong })]).toEqual([wrong, [expect.anything()]]);
    }
  });

  test.each([
    ['false', false],
    ['0', 0],
    ['2', 2],
    ['127.0.0.1,10.0.0.0/8', '127.0.0.1, 10.0.0.0/8'],
    ['loopback, fd00::/8', 'loopback, fd00::/8'],
  ])('reads TRUST_PROXY %s', (given, value) => {
    expect(read({ TRUST_PROXY: given }).environment.settings.trustProxy).toBe(value);
  });

  test.each([
    'true',
    'yes',
    '-1',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    'proxy.example.com',
    '127.0.0.1,',
  ])('refuses TRUST_PROXY %s', (given) => {
    expect(problemsOf({ TRUST_PROXY: given })).toHaveLength(1);
  });

  test.each([
    'memory:',
    'sqlite:data/a.db',
    'sqlite:/var/a.db',
    'redis://cache',
    'redis://joe:p%40ss@cache:6380/15',
    'rediss://:pw@[::1]:6379/',
  ])('accepts STORE_URL %s', (STORE_URL) => {
    expect(read({ STORE_URL }).environment.settings.storeUrl).toBe(STORE_URL);
    expect(problemsOf({ STORE_URL })).toEqual([]);
  });

  test.each([
    'memory',
    'sqlite:',
    'sqlite::memory:',
    'redis:',
    'redis://',
    'redis://host/one',
    'redis://host/0?db=1',
    'redis://host/0#1',
    'redis://:p%zz@host',
    'redis://ho st',
    'rediss:host',
    'http://host',
  ])('refuses STORE_URL %s', (STORE_URL) => {
    expect(problemsOf({ STORE_URL })).toHaveLength(1);
  });

  test.each(['::1', '0.0.0.0', 'localhost', 'a-b.example.com'])('accepts HOST %s', (HOST) => {
    expect(problemsOf({ HOST })).toEqual([]);
  });

  test.each(['[::1]', 'host:80', 'http://host', 'a b', ' '])('refuses HOST %s', (HOST) => {
    expect(problemsOf({ HOST })).toHaveLength(1);
  });
});

describe('.env.example', () => {
  test('lists exactly the variables that are read, with their defaults', () => {
    const lines = readFileSync('.env.example', 'utf8').matchAll(/^(?:# )?([A-Z][A-Z_]+)=(.*)$/gm);
    const listed = Object.fromEntries([...lines].map(([, name, value]) => [name, value ?? '']));
    expect(Object.keys(listed).sort()).toEqual([...VARIABLE_NAMES].sort());
    expect(readEnvironment(listed)).toEqual({
      environment: {
        ...read({}).environment,
        files: { policy: 'config/gateway.yaml', clients: 'config/clients.yaml' },
      },
      problems: [],
    });
  });
});
