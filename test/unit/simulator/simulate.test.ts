import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { simulate } from '../../../src/cli/simulate.ts';
import { onPath } from '../../support/on-path.ts';
import { ask } from './calling.ts';

const run = promisify(execFile);
const COMMAND = new URL('../../../src/cli/simulate.ts', import.meta.url).href;

async function finished(args: string[]): Promise<{ code: number; out: string; err: string }> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const code = await simulate(args, { stdout, stderr, program: 'gewe-gateway' });
  return { code, out: await text(stdout.end()), err: await text(stderr.end()) };
}

describe('gewe-gateway simulate', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'prints its address and token, serves with it, and exits with 0 on %s',
    async (signal) => {
      const script =
        `import { simulate } from '${COMMAND}';` +
        `process.exitCode = await simulate(['--port', '0', '--token', 'a-token'], process);`;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', script]);
      const exited = once(child, 'exit');
      let greeting = '';
      for await (const chunk of child.stdout) {
        greeting += String(chunk);
        if (greeting.includes('Ctrl-C')) break;
      }
      const baseUrl = /GEWE_BASE_URL=(\S+)/.exec(greeting)?.[1] ?? '';
      expect(greeting).toContain('GEWE_TOKEN=a-token');
      expect(greeting.match(/curl -X/g)).toHaveLength(2);
      const headers = { 'X-GEWE-TOKEN': 'a-token' };
      const answer = await ask(baseUrl, 'login/checkOnline', { appId: 'wx_1' }, { headers });
      expect(answer).toMatchObject({ ret: 200 });
      child.kill(signal);
      expect(await exited).toEqual([0, null]);
    },
  );

  const lines = onPath('curl') === undefined ? test.skip : test;

  lines.each(['a-token', `a"$b'c`])(
    'prints lines that work in a shell, also with the token %s',
    async (token) => {
      const script =
        `import { simulate } from '${COMMAND}';` +
        `process.exitCode = await simulate(['--port', '0', '--token', process.argv[1]], process);`;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', script, token]);
      const exited = once(child, 'exit');
      let greeting = '';
      for await (const chunk of child.stdout) {
        greeting += String(chunk);
        if (greeting.includes('Ctrl-C')) break;
      }
      const [list = '', slow = ''] = greeting.match(/curl -X.*/g) ?? [];
      const answer = await run('sh', ['-c', `${list} --fail-with-body`]);
      await run('sh', ['-c', `${slow} --fail-with-body`]);
      child.kill('SIGTERM');
      await exited;

      expect(JSON.parse(answer.stdout)).toMatchObject({ ret: 200 });
      // Syntax that cmd.exe would not accept.
      expect(`${list} ${slow}`.includes("'")).toBe(token !== 'a-token');
    },
  );

  test('prints its options on --help and exits with 0', async () => {
    const { code, out } = await finished(['--help']);
    expect(code).toBe(0);
    expect(out).toContain('--port');
  });

  test.each([
    ['an unknown option', ['--prot', '1'], '--prot'],
    ['a port that is no number', ['--port', 'http'], '--port must be a number'],
    ['a port out of range', ['--port', '65536'], '--port must be a number'],
    ['an empty host', ['--host', ''], '--host must not be empty'],
    ['a token that cannot stand in a header', ['--token', '令牌'], '--token must be ASCII'],
    ['a word too many', ['now'], 'now'],
  ])('given %s, reports it and exits with 64', async (_, args, words) => {
    const { code, out, err } = await finished(args);
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toContain(words);
  });

  test('given a port in use, reports it and exits with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, err } = await finished(['--port', String(port)]);
    other.close();
    expect(code).toBe(1);
    expect(err).toContain(`cannot listen on 127.0.0.1:${port}`);
  });
});
