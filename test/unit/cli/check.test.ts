import { describe, expect, test } from '@jest/globals';
import { check } from '../../../src/cli/check.ts';
import { folderWith, LEAST } from '../settings/folder.ts';
import { fakeIo } from './io.ts';

describe('check', () => {
  test('sums up settings that are complete, with no secret in it, and ends with 0', async () => {
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

  test('prints every problem with its setting and what to do, and ends with 78', async () => {
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

  test('warns of what is allowed and rarely meant', async () => {
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

  test('explains itself on --help, and ends with 64 for arguments that it does not know', async () => {
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
