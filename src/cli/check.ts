import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { loadDotEnv } from '../settings/env.ts';
import type { Loaded } from '../settings/load.ts';
import { loadSettings } from '../settings/load.ts';
import { showName, type Problem } from '../settings/problem.ts';
import { warningsOf } from '../settings/warnings.ts';
import { discreet } from './discreet.ts';
import type { Io } from './io.ts';
import { EXIT_CONFIG, EXIT_OK, EXIT_USAGE } from './io.ts';

const HELP = `Usage: gewe-gateway check

Reads every setting (the environment, .env, the policy file, the clients file) and tells all that is wrong
with them at once. Prints no secret, connects to nothing.

Exit code: 0 all is well, 78 something has to be corrected.
`;

/** Every problem in words for people. */
export function showProblems(problems: readonly Problem[]): string {
  const lines = problems.map(
    ({ setting, problem, remedy }) => `  ${setting}: ${problem}\n      ${remedy}\n`,
  );
  const count = problems.length === 1 ? 'One setting' : `${problems.length} settings`;
  return `${count} must be corrected before the gateway can start:\n\n${lines.join('\n')}`;
}

/** `gewe-gateway check`: the exit code, 0, 64 or 78. */
export async function check(args: readonly string[], io: Io): Promise<number> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { help: { type: 'boolean', short: 'h' } },
    });
    if (values.help === true) {
      io.stdout.write(HELP);
      return EXIT_OK;
    }
  } catch {
    io.stderr.write(`check takes no arguments.\n\n${HELP}`);
    return EXIT_USAGE;
  }

  const { env, problems: ofDotEnv } = loadDotEnv(io.cwd, io.env);
  const { stdout, stderr } = discreet(io, env);
  const loaded = loadSettings(env, io.cwd);
  const problems = [...ofDotEnv, ...('problems' in loaded ? loaded.problems : [])];
  if (problems.length > 0 || 'problems' in loaded) {
    stderr.write(showProblems(problems));
    return EXIT_CONFIG;
  }
  stdout.write(summary(loaded));
  for (const warning of warningsOf(loaded.settings)) stderr.write(`Warning: ${warning}\n`);
  return EXIT_OK;
}

/** A secret in the wrong variable can pass for a name or a path. So only what is plainly meant to be one is repeated. */
function showHost(host: string): string {
  if (isIP(host) === 0 && host !== 'localhost') return '(a host name)';
  return host.includes(':') ? `[${host}]` : host;
}

function showStore(url: string): string {
  if (/^rediss?:/.test(url)) {
    const { protocol, hostname, port, pathname } = new URL(url);
    const place = `${showHost(hostname)}${port && `:${port}`}${pathname}`;
    return `${protocol}//${place} (${url.includes('@') ? 'with' : 'without'} credentials)`;
  }
  return url === 'memory:' || /[/.]/.test(url) ? url : 'sqlite:(a file in the working directory)';
}

function summary({ settings, secrets, clients }: Loaded): string {
  const names = clients.entries.map(({ client }) => showName(client.name));
  const token =
    'file' in secrets.token
      ? `GEWE_TOKEN_FILE is set (${secrets.token.file})`
      : 'GEWE_TOKEN is set (from the environment)';
  const ops = `http://${showHost(settings.opsHost)}:${settings.opsPort}`;
  return [
    'The settings are complete.',
    '',
    `  upstream   ${settings.geweBaseUrl.href}`,
    `  token      ${token}`,
    `  clients    http://${showHost(settings.host)}:${settings.port}`,
    `  ops        ${ops} (OPS_TOKEN is ${secrets.opsToken === undefined ? 'not set' : 'set'})`,
    `  auth       ${settings.auth}; ${names.length} client${names.length === 1 ? '' : 's'}${
      names.length === 0 ? '' : `: ${names.join(', ')}`
    }`,
    `  store      ${showStore(settings.storeUrl)}`,
    `  list       deadline ${settings.list.deadlineMs} ms, given up after ${settings.list.hardLimitMs} ms`,
    `  accounts   ${settings.accounts.size} declared`,
    '',
  ].join('\n');
}
