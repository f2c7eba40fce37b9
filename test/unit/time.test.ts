import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const DEADLINE = new URL('../../src/time.ts', import.meta.url).href;

test('a deadline that has already passed causes no warning in the log', async () => {
  const program = `
    import { within } from '${DEADLINE}';
    console.log(await within(new Promise((resolve) => setTimeout(resolve, 1000)), -1));
  `;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);

  expect(await run).toEqual({ stdout: 'deadline\n', stderr: '' });
});
