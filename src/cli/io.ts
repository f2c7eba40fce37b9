import { basename, dirname, isAbsolute, relative, sep } from 'node:path';

/** What a command may use of its process. */
export interface Io {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** How to call this program here, so that the commands in messages work for their reader. See `programName`. */
  readonly program: string;
}

/** Exit codes, after sysexits.h. */
export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 64;
export const EXIT_CONFIG = 78;

interface Started {
  /** The script that Node runs, as the caller wrote it: `process.argv[1]`. */
  readonly script: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * How to call this program the way it was called now, such as `npx gewe-gateway`. A command and its arguments follow.
 */
export function programName({ script, cwd, env }: Started): string {
  // npm puts the command that it runs in its children's environment: https://docs.npmjs.com/cli/using-npm/scripts#environment
  if (env['npm_command'] === 'exec') return 'npx gewe-gateway';
  if (env['npm_lifecycle_event'] !== undefined && env['npm_package_name'] === 'gewe-gateway') {
    // npm changes to the package's folder. Its caller may be in another one.
    const isInside = isUnder(cwd, env['INIT_CWD'] ?? cwd);
    return isInside ? 'npm run gewe-gateway --' : `npm --prefix ${quoted(cwd)} run gewe-gateway --`;
  }
  if (basename(script) === 'gewe-gateway') {
    return basename(dirname(script)) === '.bin' ? 'npx gewe-gateway' : 'gewe-gateway';
  }
  // npm's shims on Windows pass the path of the script itself.
  if (script.split(sep).join('/').includes('/node_modules/gewe-gateway/'))
    return 'npx gewe-gateway';
  return `node ${quoted(isUnder(cwd, script) ? relative(cwd, script) : script)}`;
}

/** How to call a command that has its own npm script: by that script in a checkout, otherwise as any other command. */
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
