import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { loadDotEnv, meantBy } from '../../../src/settings/dot-env.ts';
import { VARIABLE_NAMES } from '../../../src/settings/env.ts';
import { folderWith } from './folder.ts';

describe('.env', () => {
  test('adds variables that are not set, and does not overwrite others', () => {
    const cwd = folderWith({ '.env': 'PORT=1\nHOST="::1" # here\n' });
    const { env, problems } = loadDotEnv(cwd, { PORT: '2', A: 'a' });
    expect(problems).toEqual([]);
    expect(env).toEqual({ PORT: '2', HOST: '::1', A: 'a' });
  });

  test('may be missing', () => {
    const env = { PORT: '2' };
    expect(loadDotEnv(folderWith(), env)).toMatchObject({ env, problems: [], warnings: [] });
  });

  test('is a problem if it exists and cannot be read', () => {
    const cwd = folderWith();
    mkdirSync(join(cwd, '.env'));
    expect(loadDotEnv(cwd, {}).problems).toMatchObject([{ setting: '.env' }]);
  });

  test('knows the line of each variable, even after values of several lines', () => {
    const text = [
      '# a comment',
      'PORT=1',
      '',
      'export HOST="::1" # here',
      "A='one",
      'INNER=two',
      "three'",
      'OPS_PORT = 2',
      'B="no second quote',
      'PORT=3',
      'LOG_LEVEL=info',
    ].join('\n');
    const { lines } = loadDotEnv(folderWith({ '.env': text }), { LOG_LEVEL: 'warn' });

    expect([...lines]).toEqual([
      ['PORT', 10],
      ['HOST', 4],
      ['A', 5],
      ['OPS_PORT', 8],
      ['B', 9],
    ]);
    expect([...lines.keys()].sort()).toEqual(
      Object.keys(parseEnv(text))
        .filter((name) => name !== 'LOG_LEVEL')
        .sort(),
    );
  });

  test('warns of lines that set nothing, and of values cut off at a #', () => {
    const text =
      'PORT\nGEWE_TOKEN: abc\n# PORT\nGEWE_TOKEN=ab#cd\nOPS_TOKEN="ab#cd"\nPORT=1 # one\n=x';
    const { warnings } = loadDotEnv(folderWith({ '.env': text }), {});

    expect(warnings).toEqual([
      '.env line 1 is not NAME=value, and is ignored.',
      '.env line 2 is not NAME=value, and is ignored.',
      '.env line 4: the value of GEWE_TOKEN ends before the #, which begins a comment. Put quotes around the value if the # belongs to it.',
      '.env line 7 is not NAME=value, and is ignored.',
    ]);
    expect(warnings.join()).not.toContain('ab');
  });

  test('warns of names similar to a variable of the gateway, with their lines', () => {
    const text = 'NODE_ENV=x\nLIST_DEADLINE=5\nGEWE_TOKN=secret-1\n';
    expect(loadDotEnv(folderWith({ '.env': text }), {}).warnings).toEqual([
      '.env line 2: the gateway does not read LIST_DEADLINE. Did you mean LIST_DEADLINE_MS?',
      '.env line 3: the gateway does not read GEWE_TOKN. Did you mean GEWE_TOKEN?',
    ]);
  });
});

test('a secret before a misplaced = is never repeated', () => {
  const text =
    'OPS_TOKEN Zm9vYmFyYmF6cXV4MTIz==\nGEWE_TOKEN:Zm9vYmFyI0=\nexport GATEWAY_KEYS:crmkeyABCDEF0123456789=\nGEWE_TOKEN_Zm9vYmFy=1\n';
  const { warnings } = loadDotEnv(folderWith({ '.env': text }), {});
  expect(warnings).toEqual([
    '.env line 1: an unknown variable. Did you mean OPS_TOKEN?',
    '.env line 2: an unknown variable. Did you mean GEWE_TOKEN_FILE?',
    '.env line 3: an unknown variable. Did you mean GATEWAY_KEYS?',
    expect.stringMatching(/^\.env line 4: an unknown variable\. Did you mean \w+\?$/),
  ]);
});

describe('a name in .env', () => {
  test.each([
    ['LIST_DEADLINE', 'LIST_DEADLINE_MS'],
    ['LIST_DEADLINE_SECONDS', 'LIST_DEADLINE_MS'],
    ['LIST_CACHE_DEADLINE', 'LIST_CACHE_DEADLINE_MS'],
    ['GEWE_TOKN', 'GEWE_TOKEN'],
    ['gewe_token', 'GEWE_TOKEN'],
    ['GEWE-TOKEN', 'GEWE_TOKEN'],
    ['GEWE_TOKEN_PATH', 'GEWE_TOKEN_FILE'],
    ['GEWE_TOKENFILE', 'GEWE_TOKEN_FILE'],
    ['GEWE_URL', 'GEWE_BASE_URL'],
    ['GEWE_BASEURL', 'GEWE_BASE_URL'],
    ['GEWE_TIMEOUT', 'GEWE_TIMEOUT_MS'],
    ['GATEWAY_KEY', 'GATEWAY_KEYS'],
    ['GATEWAY_CLIENTS_FILE', 'GATEWAY_CLIENTS'],
    ['BODY_LIMIT', 'BODY_LIMIT_BYTES'],
    ['SHUTDOWN_GRACE', 'SHUTDOWN_GRACE_MS'],
    ['STORE_URI', 'STORE_URL'],
    ['port', 'PORT'],
    ['Host', 'HOST'],
  ])('%s is recognised as a misspelled %s', (name, meant) => expect(meantBy(name)).toBe(meant));

  test.each([
    'NODE_ENV',
    'NODE_OPTIONS',
    'TZ',
    'PATH',
    'http_proxy',
    'HTTPS_PROXY',
    'NO_PROXY',
    'COMPOSE_PROJECT_NAME',
    'VALKEY_PASSWORD',
    'REDIS_URL',
    'DATABASE_URL',
    'APP_PORT',
    'API_PORT',
    'DB_HOST',
    'POST',
    'LOG_FILE',
    'TOKEN',
    'x'.repeat(10_000),
  ])('%s is not taken for a misspelled variable', (name) => expect(meantBy(name)).toBeUndefined());

  test.each(VARIABLE_NAMES)('%s is recognised in lower case', (name) => {
    expect(meantBy(name.toLowerCase())).toBe(name);
  });
});
