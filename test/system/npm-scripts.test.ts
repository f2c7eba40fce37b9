/** The scripts of package.json: they work in every shell, and report a Node that is too old. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { runGateway } from '../support/gateway-process.ts';
import { oldNodes, tooOld } from './npm/old-node.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const scripts = Object.entries(manifest.scripts);
const ofTheGateway = scripts.filter(([, line]) => line.includes('src/main.ts'));

describe.each(scripts)('npm run %s', (_name, line) => {
  const commands = line.split(' && ').map((command) => command.split(' '));

  test('contains no word that shells read differently', () => {
    // No quotes, no variables, no globs, no redirection, no single ampersand.
    for (const word of commands.flat()) expect(word).toMatch(/^[\w./:=@-]+$/);
  });

  test('starts each command with npm or a program of a package', () => {
    const ours = readdirSync(`${ROOT}/node_modules/.bin`);
    // This excludes `exec`, `env` and `NAME=value`.
    for (const [program] of commands) expect(['npm', ...ours]).toContain(program);
  });
});

describe.each(ofTheGateway)('npm run %s', (_name, line) => {
  const [, ...words] = line.split(' ');

  test.each(oldNodes)('prints one line if $name is too old', async ({ version, command }) => {
    const gateway = runGateway(words, { cwd: ROOT, command });
    expect(await gateway.ended).toEqual({ code: 1, signal: null });
    expect(gateway.output()).toBe(tooOld(version));
  });
});

test('the scripts that run the gateway are start, demo, simulate and gewe-gateway', () => {
  const names = ofTheGateway.map(([name]) => name);
  expect(names).toEqual(['start', 'demo', 'simulate', 'gewe-gateway']);
});
