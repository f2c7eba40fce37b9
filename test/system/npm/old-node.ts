import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface OldNode {
  readonly name: string;
  readonly version: string;
  /** What comes before its own options. */
  readonly command: readonly [string, ...string[]];
}

const manifest = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as { readonly engines: { readonly node: string } };
const AS_OLD_NODE = fileURLToPath(new URL('./as-old-node.cjs', import.meta.url));

/** A Node that cannot run the gateway: this one with a false version, and a real one if PATH has one. */
export const oldNodes: readonly OldNode[] = [
  {
    name: 'a Node that says so',
    version: '20.20.2',
    command: [process.execPath, '-r', AS_OLD_NODE],
  },
  ...realOnes().slice(0, 1),
];

/** The whole output. */
export function tooOld(version: string): string {
  const needed = manifest.engines.node.replace('>=', '');
  return `gewe-gateway needs Node ${needed} or later, and this is Node ${version}.\n`;
}

function realOnes(): readonly OldNode[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.flatMap((folder): readonly OldNode[] => {
    const program = join(folder, 'node');
    const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    if (status !== 0) return [];
    const version = stdout.trim().slice(1);
    if (Number(version.split('.')[0]) >= 22) return [];
    return [{ name: `the real Node ${version}`, version, command: [program] }];
  });
}
