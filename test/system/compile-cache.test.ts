import { chmod, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MAIN, runGateway } from '../support/gateway-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NAME = `gewe-gateway-${process.getuid?.()}`;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let kept: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  kept = join(folder.path, NAME);
});
afterEach(() => folder.remove());

/** Runs a command whose temporary files go into `folder`. */
async function run(env: Record<string, string> = {}): Promise<void> {
  const gateway = runGateway(['--version'], {
    cwd: folder.path,
    env: { NODE_COMPILE_CACHE: '', TMPDIR: folder.path, ...env },
    command: [process.execPath, MAIN],
  });
  expect(await gateway.ended).toEqual({ code: 0, signal: null });
  expect(gateway.output()).toMatch(/^\d+\.\d+\.\d+\n$/);
}

test('from source, compiled code is cached in its folder', async () => {
  await run();
  expect(await readdir(kept)).not.toEqual([]);
});

test.each([
  ['its folder can be written to by others', () => mkdir(kept).then(() => chmod(kept, 0o777))],
  [
    'its folder is a link',
    async () => {
      await mkdir(`${kept}-elsewhere`);
      await symlink(`${kept}-elsewhere`, kept);
    },
  ],
  ['others can rename its folder', () => mkdir(kept).then(() => chmod(folder.path, 0o777))],
])('no compiled code is cached if %s', async (_, prepare) => {
  await prepare();
  await run();
  expect(await readdir(kept)).toEqual([]);
});

test('the program runs if it cannot write its compile cache', async () => {
  await run({ TMPDIR: '/proc/none' });
  expect(await readdir(folder.path)).toEqual([]);
});
