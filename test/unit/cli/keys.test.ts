import { describe, expect, test } from '@jest/globals';
import { keys } from '../../../src/cli/keys.ts';
import { createClientDirectory, parseClients } from '../../../src/settings/clients.ts';
import { fakeIo } from './io.ts';

async function run(...args: string[]) {
  const { io, printed } = fakeIo('/');
  return { code: await keys(args, io), ...printed };
}

describe('keys new', () => {
  test.each(['crm', '007', 'true', '1e3', 'a.b-c_d'])(
    'prints a key and the lines for the clients file with which %s is found by it',
    async (name) => {
      const { code, stdout } = await run('new', name);
      expect(code).toBe(0);
      const printed = stdout.match(/gwk_[A-Za-z0-9_-]+/g) ?? [];
      expect(printed).toEqual([expect.stringMatching(/^gwk_[A-Za-z0-9_-]{43}$/)]);
      const parsed = parseClients(stdout.slice(stdout.indexOf('clients:\n')), 'lines', 6000);
      if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
      expect(createClientDirectory(parsed.entries).find(printed[0] ?? '')?.name).toBe(name);
    },
  );

  test('never prints the same key twice', async () => {
    const [one, two] = [await run('new', 'crm'), await run('new', 'crm')];
    expect(one.stdout).not.toBe(two.stdout);
  });

  test.each([
    [[]],
    [['new']],
    [['old', 'crm']],
    [['new', 'a', 'b']],
    [['new', 'a b']],
    [['new', '--x']],
  ])('refuses %j with 64 and prints no key', async (args) => {
    const { code, stdout, stderr } = await run(...args);
    expect(code).toBe(64);
    expect(stdout).toBe('');
    expect(stderr).toContain('Usage: gewe-gateway keys new NAME');
  });

  test('prints its usage with the name by which it was called', async () => {
    const { io, printed } = fakeIo('/');
    await keys([], { ...io, program: 'npm run gewe-gateway --' });
    expect(printed.stderr).toContain('Usage: npm run gewe-gateway -- keys new NAME');
  });

  test('prints its usage on --help', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, stderr: '' });
  });
});
