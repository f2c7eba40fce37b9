import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, release, tmpdir, totalmem, type } from 'node:os';

/** What the figures depend on beside the code: the machine, its disk, the versions of what takes part. */
export function machine(): string {
  const [cpu] = cpus();
  const gb = (totalmem() / 1e9).toFixed(0);
  const [, disk] = said('df', '--output=fstype', tmpdir()).split('\n');
  const programs = ['nginx', 'wrk'].flatMap((name) => {
    const version = /\d+(\.\d+)+/.exec(said(name, '-v'))?.[0];
    return version === undefined ? [] : [`${name} ${version}`];
  });
  return [
    `${cpus().length} cores of ${cpu?.model.trim() ?? 'an unknown processor'} (${arch()}), ${gb} GB of memory`,
    `${type()} ${release()}, the database on ${disk === undefined ? 'an unknown file system' : disk}`,
    [`Node ${process.versions.node}`, ...programs, ...peerVersions()].join(', '),
    `measured on ${new Date().toISOString().slice(0, 10)}`,
  ].join('; ');
}

function said(program: string, ...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return `${stdout ?? ''}${stderr ?? ''}`.trim();
}

function peerVersions(): readonly string[] {
  return ['express', 'http-proxy-middleware', 'fastify'].flatMap((name) => {
    try {
      const path = new URL(`../node_modules/${name}/package.json`, import.meta.url);
      const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
      return [`${name} ${version}`];
    } catch {
      return [];
    }
  });
}
