import { basename, dirname, isAbsolute, relative, sep } from 'node:path';

interface Started {
  /** The script that Node runs, as it was named: `process.argv[1]`. */
  readonly script: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** How to call this program the way it was called now, such as `npx gewe-gateway`; a command and its arguments follow. */
export function programName({ script, cwd, env }: Started): string {
  // npm tells its children what it was asked for: https://docs.npmjs.com/cli/using-npm/scripts#environment
  if (env['npm_command'] === 'exec') return 'npx gewe-gateway';
  if (env['npm_lifecycle_event'] !== undefined && env['npm_package_name'] === 'gewe-gateway') {
    // npm has gone to the package's folder; its caller may have stayed elsewhere.
    const isInside = isUnder(cwd, env['INIT_CWD'] ?? cwd);
    return isInside ? 'npm run gewe-gateway --' : `npm --prefix ${quoted(cwd)} run gewe-gateway --`;
  }
  if (basename(script) === 'gewe-gateway') {
    return basename(dirname(script)) === '.bin' ? 'npx gewe-gateway' : 'gewe-gateway';
  }
  // The shims that npm makes on Windows name the script itself.
  if (script.split(sep).join('/').includes('/node_modules/gewe-gateway/'))
    return 'npx gewe-gateway';
  return `node ${quoted(isUnder(cwd, script) ? relative(cwd, script) : script)}`;
}

/** One of the commands that has an npm script of its own, in a checkout by that script. */
export function withOwnScript(program: string, command: 'demo'): string {
  return program.endsWith(' run gewe-gateway --')
    ? program.replace(/gewe-gateway --$/, command)
    : `${program} ${command}`;
}

function isUnder(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function quoted(path: string): string {
  return /\s/.test(path) ? `"${path}"` : path;
}
