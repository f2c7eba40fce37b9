import { describe, expect, test } from '@jest/globals';
import { check } from '../../../src/cli/check.ts';
import { folderWith, LEAST } from '../settings/folder.ts';
import { fakeIo } from './io.ts';

describe('check', () => {
  test('summarises complete settings without a secret, and exits with 0', async () => {
    const env = {
      ...LEAST,
      OPS_TOKEN: 'ops-s3cret',
      STORE_URL: 'sqlite:data/a.db',
    };
    const { io, printed } = fakeIo(folderWith(), env);
    expect(await check([], io)).toBe(0);
    expect(printed.stdout).toContain('GEWE_TOKEN is set (from the environment)');
    expect(printed.stdout).toContain('sqlite:data/a.db');
    expect(printed.stdout).toContain('crm');
    expect(printed.stdout + printed.stderr).not.toMatch(/s3cret|f3b1c2d4|key-of-crm/);
    expect(printed.stderr).toBe('');
  });

  test.each([
    [{}, '.env'],
    [{ GEWE_TOKEN: 'abc-456' }, 'the environment'],
  ])(
    'given a token in .env and %j in the environment, says that it is from %s',
    async (env, place) => {
      const cwd = folderWith({ '.env': 'GEWE_TOKEN=abc-123\n' });
      const { GEWE_BASE_URL, GATEWAY_KEYS } = LEAST;
      const { io, printed } = fakeIo(cwd, { GEWE_BASE_URL, GATEWAY_KEYS, ...env });
      expect(await check([], io)).toBe(0);
      expect(printed.stdout).toContain(`GEWE_TOKEN is set (from ${place})`);
      expect(printed.stdout).not.toContain('abc-');
    },
  );

  test('says that the token comes from a file, and reads .env', async () => {
    const cwd = folderWith({
      '.env': 'GEWE_BASE_URL=https://gewe.example.com/v2/api\nGEWE_TOKEN_FILE=token\n',
      token: 'abc-123\n',
    });
    const { io, printed } = fakeIo(cwd, { GATEWAY_KEYS: 'crm:k' });
    expect(await check([], io)).toBe(0);
    expect(printed.stdout).toContain(`GEWE_TOKEN_FILE is set (${cwd}/token)`);
    expect(printed.stdout).not.toContain('abc-123');
  });

  test('prints every problem with its setting and what to do, and exits with 78', async () => {
    const cwd = folderWith({ 'config/gateway.yaml': 'brekaer: {}' });
    const { io, printed } = fakeIo(cwd, { PORT: 'x', GEWE_TOKEN: 'changeme' });
    expect(await check([], io)).toBe(78);
    expect(printed.stdout).toBe('');
    for (const name of ['PORT', 'GEWE_BASE_URL', 'GEWE_TOKEN', 'brekaer', 'GATEWAY_KEYS']) {
      expect(printed.stderr).toContain(name);
    }
    expect(printed.stderr).toContain('5 settings must be corrected');
    expect(printed.stderr).not.toContain('changeme');
  });

  test('warns of allowed but rarely intended settings', async () => {
    const env = {
      ...LEAST,
      GEWE_BASE_URL: 'http://gewe.example.com/v2/api',
      GATEWAY_AUTH: 'none',
      STORE_URL: 'memory:',
      LIST_HARD_LIMIT_MS: '10',
    };
    const cwd = folderWith({
      'config/gateway.yaml': 'addContacts: { accountAge: { mode: off } }',
    });
    const { io, printed } = fakeIo(cwd, env);
    expect(await check([], io)).toBe(0);
    expect(printed.stderr.match(/^Warning: /gm)).toHaveLength(5);
  });

  test('prints the file and the line of each problem that has one', async () => {
    const cwd = folderWith({
      '.env': '# mine\nGEWE_TOKEN=...\nPORT=x\nGATEWAY_KEYS=crm:gwk_...\n',
      'config/gateway.yaml': 'list: {}\nbrekaer: {}\n',
      'config/clients.yaml': 'clients:\n  crm:\n    keys:\n',
    });
    const { io, printed } = fakeIo(cwd, { GEWE_BASE_URL: 'ftp://x', PORT: 'y' });
    expect(await check([], io)).toBe(78);
    for (const line of [
      '  GEWE_BASE_URL must start with http:// or https://',
      '  PORT must be a whole number from 0 to 65535',
      '  .env line 2: GEWE_TOKEN is a placeholder that was never replaced',
      '  .env line 4: GATEWAY_KEYS entry 1 (crm) has a key that is a placeholder that was never replaced',
      '  config/gateway.yaml line 2: brekaer is not a known setting',
      '  config/clients.yaml line 3: clients.crm.keys must be a list; it is empty',
    ]) {
      expect(printed.stderr.split('\n')).toContain(line);
    }
  });

  test('warns of near misses in .env even if there are problems', async () => {
    const cwd = folderWith({ '.env': 'GEWE_TOKN=abc-secret-1\n' });
    const { io, printed } = fakeIo(cwd, { ...LEAST, GEWE_TOKEN: undefined });
    expect(await check([], io)).toBe(78);
    expect(printed.stderr).toContain('  GEWE_TOKEN is missing or empty');
    expect(printed.stderr).toContain(
      'Warning: .env line 1: the gateway does not read GEWE_TOKN. Did you mean GEWE_TOKEN?',
    );
    expect(printed.stderr).not.toContain('secret');
  });

  test('recommends only commands that work in that folder', async () => {
    const { io, printed } = fakeIo(folderWith(), { ...LEAST, GATEWAY_KEYS: 'crm:x y' });
    const inCheckout = { ...io, program: 'npm run gewe-gateway --' };
    await check([], inCheckout);
    expect(printed.stderr).toContain('`npm run gewe-gateway -- keys new NAME`');
    await check(['--help'], inCheckout);
    expect(printed.stdout).toContain('Usage: npm run gewe-gateway -- check');
  });

  describe('with --json', () => {
    test('prints the problems as JSON on standard output, and nothing else', async () => {
      const cwd = folderWith({
        '.env': "GEWE_TOKEN='abc\nLIST_DEADLINE=5\n",
        'config/gateway.yaml': '\nbreaker: 5',
      });
      const { GEWE_BASE_URL, GATEWAY_KEYS } = LEAST;
      const { io, printed } = fakeIo(cwd, { GEWE_BASE_URL, GATEWAY_KEYS, PORT: 'x' });
      expect(await check(['--json'], io)).toBe(78);
      expect(printed.stderr).toBe('');
      const remedy = expect.any(String);
      expect(JSON.parse(printed.stdout)).toEqual({
        ok: false,
        problems: [
          { setting: 'PORT', problem: 'must be a whole number from 0 to 65535', remedy },
          {
            setting: 'GEWE_TOKEN',
            problem: 'begins or ends with a quote',
            remedy,
            file: '.env',
            line: 1,
          },
          {
            setting: 'breaker',
            problem: 'must be a map of settings; it is a number',
            remedy,
            file: 'config/gateway.yaml',
            line: 2,
          },
        ],
        warnings: [
          '.env line 2: the gateway does not read LIST_DEADLINE. Did you mean LIST_DEADLINE_MS?',
        ],
      });
    });

    test('says that there is no problem, and warns of rarely intended settings', async () => {
      const { io, printed } = fakeIo(folderWith(), { ...LEAST, STORE_URL: 'memory:' });
      expect(await check(['--json'], io)).toBe(0);
      expect(JSON.parse(printed.stdout)).toEqual({
        ok: true,
        problems: [],
        warnings: [expect.stringContaining('STORE_URL is memory')],
      });
    });

    test('prints valid JSON even if a secret looks like a part of it', async () => {
      const env = { ...LEAST, OPS_TOKEN: '"ok":', GEWE_TOKEN: 'problems' };
      const { io, printed } = fakeIo(folderWith(), env);
      expect(await check(['--json'], io)).toBe(78);
      expect(JSON.parse(printed.stdout)).toMatchObject({ ok: false });
    });
  });

  test('prints its usage on --help, and exits with 64 for unknown arguments', async () => {
    const help = fakeIo(folderWith());
    expect(await check(['--help'], help.io)).toBe(0);
    expect(help.printed.stdout).toContain('Usage: gewe-gateway check');
    for (const args of [['--loud'], ['now']]) {
      const { io, printed } = fakeIo(folderWith());
      expect(await check(args, io)).toBe(64);
      expect(printed.stderr).toContain('Usage');
    }
  });
});
