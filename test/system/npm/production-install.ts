import { execFile, spawnSync } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const run = promisify(execFile);

/** The files that `deploy/Dockerfile` copies into its build, without the sources. */
const COPIED = ['package.json', 'package-lock.json', '.npmrc', 'config'];

async function copy(folder: string, names: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of names) await cp(join(ROOT, name), join(folder, name), { recursive: true });
}

/** Takes packages from npm's cache if it has them. */
async function npmCi(folder: string, ...options: string[]): Promise<void> {
  const quietly = ['--prefer-offline', '--no-audit', '--no-fund'];
  await run('npm', ['ci', '--ignore-scripts', ...quietly, ...options], { cwd: folder });
}

/**
 * The gateway as in the image: the packages of the lock file without development packages and without running their
 * scripts, and the compiled sources.
 */
export async function installForProduction(folder: string): Promise<void> {
  await copy(folder, COPIED);
  await npmCi(folder, '--omit=dev');
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const project = join(ROOT, 'tsconfig.build.json');
  await run(process.execPath, [compiler, '-p', project, '--outDir', join(folder, 'dist')]);
}

/** The gateway as installed by a developer that allows no package scripts. */
export async function installWithoutScripts(folder: string): Promise<void> {
  await copy(folder, [...COPIED, 'src']);
  await npmCi(folder);
}

/**
 * The command prefix that runs a program as in the image with `--read-only`: only `writable` can be written, by a user
 * and group other than root. Needs root and the system calls for mounts.
 */
export function confined(writable: string, user = 1000): readonly [string, ...string[]] {
  const script = [
    'mount --make-rprivate /',
    'mount --bind "$0" "$0"',
    // Each mount separately: the option of `/` does not apply to mounts below it.
    'awk \'{print $2}\' /proc/mounts | grep -vxF "$0" | while read -r at; do mount -o remount,bind,ro "$at" 2>/dev/null; done',
    'chown "$1" "$0"',
    `user=$1; shift; exec setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs "$@"`,
  ].join('\n');
  return ['unshare', '--mount', 'sh', '-c', script, writable, String(user)];
}

/** Whether `confined` works on this machine. */
export function canConfine(): boolean {
  const works = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;
  return (
    process.getuid?.() === 0 && works('setpriv', '--version') && works('unshare', '-m', 'true')
  );
}
