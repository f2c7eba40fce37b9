import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { hashKey } from '../../../src/settings/clients.ts';
import { loadSettings } from '../../../src/settings/load.ts';
import { inWords } from '../../../src/settings/problem.ts';
import { folderWith, LEAST } from './folder.ts';

function load(env: Record<string, string | undefined>, files: Record<string, string> = {}) {
  const cwd = folderWith(files);
  const loaded = loadSettings({ ...LEAST, ...env }, cwd);
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems, null, 1));
  return { ...loaded, cwd };
}

function problemsOf(env: Record<string, string | undefined>, files: Record<string, string> = {}) {
  const loaded = loadSettings({ ...LEAST, ...env }, folderWith(files));
  return 'problems' in loaded ? loaded.problems : [];
}

const namesOf = (...args: Parameters<typeof problemsOf>) =>
  problemsOf(...args).map(({ setting }) => setting);

const clients = (name: string, key: string) =>
  `clients: { ${name}: { keys: ["sha256:${hashKey(key)}"] } }`;

describe('the settings', () => {
  test('need no file, but only the upstream, its token and a client', () => {
    const { settings, secrets, clients } = load({});
    expect(settings).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      opsPort: 9090,
      auth: 'keys',
      clientsFile: undefined,
      storeUrl: 'sqlite:data/gateway.db',
      trustProxy: undefined,
      list: { deadlineMs: 7000, freshForMs: 0, memoryBytes: 67_108_864 },
      clientRequestsPerMinute: 6000,
    });
    expect(settings.geweBaseUrl.href).toBe('http://127.0.0.1:2531/v2/api');
    expect(secrets).toEqual({
      token: { value: 'f3b1c2d4-upstream' },
      opsToken: undefined,
      keys: [{ name: 'crm', key: 'key-of-crm' }],
    });
    expect(clients.entries.map(({ client }) => client.name)).toEqual(['crm']);
  });

  test('take the policy and the clients from their default files', () => {
    const {
      settings,
      clients: loaded,
      cwd,
    } = load(
      { GATEWAY_KEYS: undefined },
      {
        'config/gateway.yaml': 'clientRate: { requestsPerMinute: 7 }',
        'config/clients.yaml': clients('shop', 'one'),
      },
    );
    expect(settings.clientRequestsPerMinute).toBe(7);
    expect(settings.clientsFile).toBe(join(cwd, 'config/clients.yaml'));
    expect(loaded.entries[0]?.client).toMatchObject({ name: 'shop', requestsPerMinute: 7 });
  });

  test('take the policy and the clients from the files that the variables name', () => {
    const { settings, clients: loaded } = load(
      { GATEWAY_CONFIG: 'p.yaml', GATEWAY_CLIENTS: 'c.yaml' },
      { 'p.yaml': 'breaker: { failures: 9 }', 'c.yaml': clients('shop', 'one') },
    );
    expect(settings.breaker.failures).toBe(9);
    expect(loaded.entries.map(({ client }) => client.name)).toEqual(['shop', 'crm']);
  });

  test('refuse named files that do not exist, without repeating a name that could be a secret', () => {
    const problems = problemsOf({ GATEWAY_CONFIG: 'p.yaml', GATEWAY_CLIENTS: 'c.yaml' });
    expect(problems.map(({ setting }) => setting)).toEqual(['GATEWAY_CONFIG', 'GATEWAY_CLIENTS']);
    expect(JSON.stringify(problems)).not.toMatch(/[pc]\.yaml/);
  });

  test('refuse the upstream token in the name of a client or an account', () => {
    const token = LEAST.GEWE_TOKEN;
    expect(namesOf({ GATEWAY_KEYS: `${token}:a-key` })).toEqual(['GATEWAY_KEYS']);
    const policy = `accounts: { wx_${token}: { onlineSince: "2026-01-01T00:00:00Z" } }`;
    expect(namesOf({}, { 'config/gateway.yaml': policy })).toEqual(['accounts']);
  });

  test('contain the path of a token file, which may end in a line feed', () => {
    const { secrets, cwd } = load(
      { GEWE_TOKEN: undefined, GEWE_TOKEN_FILE: 'token' },
      { token: 'abc-123\n' },
    );
    expect(secrets.token).toEqual({ file: join(cwd, 'token') });
  });

  test('refuse both token variables together, and neither of them', () => {
    expect(namesOf({ GEWE_TOKEN_FILE: 'token' })).toEqual(['GEWE_TOKEN']);
    expect(namesOf({ GEWE_TOKEN: undefined })).toEqual(['GEWE_TOKEN']);
    expect(namesOf({ GEWE_TOKEN: '' })).toEqual(['GEWE_TOKEN']);
  });

  test.each([['\n'], ['changeme\n'], ['two\nlines'], ['GEWE_TOKEN=abc\n'], ['"abc"\n'], ['...']])(
    'refuse a token file of %j',
    (token) => {
      const env = { GEWE_TOKEN: undefined, GEWE_TOKEN_FILE: 'token' };
      expect(namesOf(env, { token })).toEqual(['GEWE_TOKEN_FILE']);
    },
  );

  test('do not repeat a token given instead of its file', () => {
    const problems = problemsOf({ GEWE_TOKEN: undefined, GEWE_TOKEN_FILE: 'f3b1c2d4-upstream' });
    expect(problems.map(({ setting }) => setting)).toEqual(['GEWE_TOKEN_FILE']);
    expect(JSON.stringify(problems)).not.toContain('f3b1c2d4');
  });

  test('refuse a gateway without a client, unless it serves every caller', () => {
    const [problem] = problemsOf({ GATEWAY_KEYS: undefined });
    expect(problem?.remedy).toMatch(/GATEWAY_KEYS.*GATEWAY_CLIENTS/);
    expect(namesOf({ GATEWAY_KEYS: undefined }, { 'config/clients.yaml': 'clients: {}' })).toEqual([
      'GATEWAY_KEYS, GATEWAY_CLIENTS',
    ]);
    expect(load({ GATEWAY_KEYS: undefined, GATEWAY_AUTH: 'none' }).settings.auth).toBe('none');
  });

  test('refuse a duplicate name or key, even across file and variable', () => {
    expect(namesOf({ GATEWAY_KEYS: 'a:one,a:two' })).toEqual(['GATEWAY_KEYS: a']);
    expect(namesOf({ GATEWAY_KEYS: 'a:one,b:one' })).toEqual(['GATEWAY_KEYS: b']);
    expect(namesOf({}, { 'config/clients.yaml': clients('crm', 'one') })).toEqual([
      'GATEWAY_KEYS: crm',
    ]);
    expect(namesOf({}, { 'config/clients.yaml': clients('shop', 'key-of-crm') })).toEqual([
      'GATEWAY_KEYS: crm',
    ]);
  });

  test('refuse the upstream token as the key of a client or of the ops listener', () => {
    const token = LEAST.GEWE_TOKEN;
    expect(namesOf({ GATEWAY_KEYS: `a:${token}` })).toEqual(['GATEWAY_KEYS: a']);
    expect(namesOf({}, { 'config/clients.yaml': clients('shop', token) })).toEqual([
      'clients.shop',
    ]);
    expect(namesOf({ OPS_TOKEN: token })).toEqual(['OPS_TOKEN']);
    const env = { GEWE_TOKEN: undefined, GEWE_TOKEN_FILE: 't', GATEWAY_KEYS: 'a:from-file' };
    expect(namesOf(env, { t: 'from-file\n' })).toEqual(['GATEWAY_KEYS: a']);
  });

  test('require OPS_TOKEN if OPS_HOST is not loopback', () => {
    expect(namesOf({ OPS_HOST: '0.0.0.0' })).toEqual(['OPS_TOKEN']);
    expect(namesOf({ OPS_HOST: '0.0.0.0', OPS_TOKEN: '${OPS_TOKEN}' })).toEqual(['OPS_TOKEN']);
    expect(load({ OPS_HOST: '0.0.0.0', OPS_TOKEN: 'abc' }).secrets.opsToken).toBe('abc');
    expect(load({ OPS_HOST: '127.0.0.2' }).secrets.opsToken).toBeUndefined();
  });

  test.each([
    [{}, 'http://127.0.0.1:8080/v2/api', 'HOST and PORT'],
    [{}, 'http://localhost:8080/v2/api', 'HOST and PORT'],
    [{}, 'http://LOCALHOST.:8080', 'HOST and PORT'],
    [{}, 'http://0.0.0.0:8080', 'HOST and PORT'],
    [{}, 'http://[::ffff:127.0.0.1]:8080', 'HOST and PORT'],
    [{}, 'http://127.1:9090', 'OPS_HOST and OPS_PORT'],
    [{ HOST: '0.0.0.0' }, 'http://127.0.0.5:8080', 'HOST and PORT'],
    [{ HOST: '::' }, 'http://[::1]:8080', 'HOST and PORT'],
    [{ HOST: '::' }, 'http://127.0.0.1:8080', 'HOST and PORT'],
    [{ HOST: 'localhost' }, 'http://[::1]:8080', 'HOST and PORT'],
    [{ HOST: '10.0.0.5' }, 'http://10.0.0.5:8080', 'HOST and PORT'],
    [{ HOST: 'gw.example.com' }, 'http://GW.example.com:8080', 'HOST and PORT'],
    [{ PORT: '80' }, 'http://127.0.0.1/v2/api', 'HOST and PORT'],
    [{ PORT: '443' }, 'https://localhost/v2/api', 'HOST and PORT'],
  ])('refuse, with %j, the upstream %s, which is the gateway itself', (env, url, names) => {
    expect(problemsOf({ ...env, GEWE_BASE_URL: url }).map(inWords)).toEqual([
      `GEWE_BASE_URL is the gateway itself (${names})`,
    ]);
  });

  test.each([
    [{}, 'http://127.0.0.1:2531/v2/api'],
    [{}, 'http://127.0.0.2:8080'],
    [{}, 'http://10.0.0.5:8080'],
    [{}, 'http://gewe.example.com:8080'],
    [{ HOST: '10.0.0.5' }, 'http://127.0.0.1:8080'],
    [{ PORT: '0' }, 'http://127.0.0.1:8080'],
    [{ PORT: '443' }, 'http://localhost/v2/api'],
  ])('accept, with %j, the upstream %s, which is another address', (env, url) => {
    expect(load({ ...env, GEWE_BASE_URL: url }).settings.geweBaseUrl.href).toContain('//');
  });

  test.each([
    ['GEWE_BASE_URL', '"http://127.0.0.1:2531"'],
    ['HOST', "'127.0.0.1'"],
    ['PORT', '"8080"'],
    ['STORE_URL', '"memory:"'],
    ['LOG_LEVEL', '"info"'],
    ['GATEWAY_CLIENTS', '"config/clients.yaml"'],
    ['GATEWAY_CONFIG', "'config/gateway.yaml'"],
    ['GEWE_TOKEN', '"f3b1c2d4-upstream"'],
    ['OPS_TOKEN', "'abc'"],
  ])('refuse %s with the quotes that docker keeps around it: %s', (name, value) => {
    expect(problemsOf({ [name]: value }).map(inWords)).toEqual([
      `${name} begins or ends with a quote`,
    ]);
  });

  test('refuse quotes around GEWE_TOKEN_FILE and around GATEWAY_KEYS', () => {
    const env = { GEWE_TOKEN: undefined, GEWE_TOKEN_FILE: '"token"' };
    expect(problemsOf(env).map(inWords)).toEqual(['GEWE_TOKEN_FILE begins or ends with a quote']);
    expect(problemsOf({ GATEWAY_KEYS: '"crm:key"' }).map(inWords)).toEqual([
      'GATEWAY_KEYS entry 1 begins or ends with a quote',
    ]);
  });

  test('report the file and line of conflicts between clients, and of names that contain the token', () => {
    const token = LEAST.GEWE_TOKEN;
    const problems = problemsOf(
      { GATEWAY_CLIENTS: 'c.yaml' },
      {
        'config/gateway.yaml': `accounts:\n  wx_${token}: { onlineSince: "2026-01-01T00:00:00Z" }`,
        'c.yaml': [
          'clients:',
          `  crm: { keys: ["sha256:${hashKey('one')}"] }`,
          `  shop: { keys: ["sha256:${hashKey('one')}", "sha256:${hashKey(token)}"] }`,
        ].join('\n'),
      },
    );
    expect(problems.map(inWords)).toEqual([
      'config/gateway.yaml line 2: accounts has an account whose appId contains the upstream token',
      'c.yaml line 3: clients.shop has a key that crm has too',
      'c.yaml line 3: clients.shop has the upstream token as a key',
      'GATEWAY_KEYS: crm is the name of another client too',
    ]);
  });

  test('recommend the command that works where the message is printed', () => {
    const loaded = loadSettings({ ...LEAST, GATEWAY_KEYS: undefined }, folderWith(), {
      program: 'npx gewe-gateway',
    });
    expect(JSON.stringify(loaded)).toContain('`npx gewe-gateway keys new NAME`');
  });

  test('refuse two listeners on one address, but not two free ports', () => {
    expect(namesOf({ PORT: '9090' })).toEqual(['OPS_PORT']);
    expect(load({ PORT: '0', OPS_PORT: '0' }).settings.port).toBe(0);
  });

  test('report all problems at once, without a secret', () => {
    const problems = problemsOf(
      {
        GEWE_BASE_URL: 'http://admin:hunter2@host/contacts',
        GEWE_TOKEN: 'sekrit one',
        OPS_TOKEN: 'sekrit two',
        GATEWAY_KEYS: 'a:sekrit three,sekrit-four',
        STORE_URL: 'mysql://root:sekrit-five@db',
        PORT: 'sekrit-six',
        LOG_LEVEL: 'loud',
      },
      {
        'config/gateway.yaml': 'nonsense: 1\nbreaker: { failures: no }',
        'config/clients.yaml': 'clients: { shop: { keys: [sekrit-seven] } }',
      },
    );
    expect(problems.map(({ setting }) => setting)).toEqual([
      'GEWE_BASE_URL',
      'PORT',
      'STORE_URL',
      'LOG_LEVEL',
      'GEWE_TOKEN',
      'GATEWAY_KEYS',
      'GATEWAY_KEYS',
      'OPS_TOKEN',
      'breaker.failures',
      'nonsense',
      'clients.shop.keys[0]',
    ]);
    expect(JSON.stringify(problems)).not.toMatch(/sekrit|hunter2/);
  });
});
