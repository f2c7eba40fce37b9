/** What docs/recipes/read-the-log.md says: each line of the log of `npm start --silent` is JSON. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runGateway } from '../support/gateway-process.ts';
import { LEAST_ENV } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder()));
afterAll(() => folder.remove());

test('the npm start of the recipe prints only JSON lines on standard output', async () => {
  const recipe = await readFile(join(ROOT, 'docs/recipes/read-the-log.md'), 'utf8');
  const [, command = ''] = /^(npm .*) \| jq \.$/m.exec(recipe) ?? [];
  const [program = '', ...args] = command.split(' ');
  const npm = spawn(program, args, {
    cwd: ROOT,
    detached: true,
    env: {
      PATH: process.env['PATH'] ?? '',
      GEWE_BASE_URL: 'http://127.0.0.1:2531/v2/api',
      ...LEAST_ENV,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(npm, 'close');
  let output = '';
  let isTold = false;
  for await (const text of npm.stdout.setEncoding('utf8')) {
    output += text;
    // To npm only: a signal to the group would arrive twice.
    if (!isTold && output.includes('listening on')) isTold = npm.kill('SIGTERM');
  }
  await ended;

  const lines = output.split('\n').slice(0, -1);
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.map((line) => typeof JSON.parse(line))).toEqual(lines.map(() => 'object'));
});

test('a gateway starts with a misspelt variable in .env, and warns in its log', async () => {
  await writeFile(join(folder.path, '.env'), 'PORT=0\nLIST_DEADLINE=5\n');
  const gateway = runGateway(['start'], {
    cwd: folder.path,
    env: { GEWE_BASE_URL: 'http://127.0.0.1:2531/v2/api', ...LEAST_ENV },
  });
  const [line] = await gateway.printed(/^.*LIST_DEADLINE_MS.*$/m);
  gateway.kill('SIGTERM');
  await gateway.ended;

  expect(JSON.parse(line)).toMatchObject({
    level: 'warn',
    msg: '.env line 2: the gateway does not read LIST_DEADLINE. Did you mean LIST_DEADLINE_MS?',
  });
});
