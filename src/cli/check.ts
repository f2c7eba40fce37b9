import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import type { Loaded } from '../settings/load.ts';
import { inWords, showName, type Problem } from '../settings/problem.ts';
import { checkLive, type Finding } from './check-live.ts';
import { redact } from './redact.ts';
import type { Io } from './io.ts';
import { EXIT_CONFIG, EXIT_OK, EXIT_USAGE } from './io.ts';
import { readSettings } from './read-settings.ts';

const help = (program: string) => `Usage: ${program} check [--live] [--json]

Reads every setting (the environment, .env, the policy file, the clients file) and reports all problems at once.
Prints no secret. Without --live, it connects to nothing.

  --live   also tests the settings: whether both ports are free, whether the store opens and accepts a write,
           whether GEWE answers, and whether it accepts the token (one call about an account that does not
           exist)
  --json   prints only {"ok", "problems", "warnings"}, with --live also "live", on standard output

Exit code: 0 no problem, 78 something has to be corrected.
`;

/** All problems and warnings, as text for people. */
export function showProblems(problems: readonly Problem[], warnings: readonly string[]): string {
  const lines = problems.map((problem) => `  ${inWords(problem)}\n      ${problem.remedy}\n`);
  const count = problems.length === 1 ? 'One setting' : `${problems.length} settings`;
  const head = `${count} must be corrected before the gateway can start:\n\n`;
  return `${head}${lines.join('\n')}${warnings.length === 0 ? '' : '\n'}${showWarnings(warnings)}`;
}

function showWarnings(warnings: readonly string[]): string {
  return warnings.map((warning) => `Warning: ${warning}\n`).join('');
}

function showFindings(findings: readonly Finding[]): string {
  const lines = findings.map(
    ({ what, ok, detail }) => `  ${ok ? 'ok    ' : 'FAILED'}  ${what}: ${detail}`,
  );
  return `\nTried:\n\n${lines.join('\n')}\n`;
}

/** `gewe-gateway check`: the exit code, 0, 64 or 78. */
export async function check(args: readonly string[], io: Io): Promise<number> {
  let asked: { live?: boolean; json?: boolean };
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        live: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) {
      io.stdout.write(help(io.program));
      return EXIT_OK;
    }
    asked = values;
  } catch {
    io.stderr.write(`check takes --live, --json and nothing else.\n\n${help(io.program)}`);
    return EXIT_USAGE;
  }

  const { env, isFromDotEnv, loaded, problems, warnings } = readSettings(io);
  const { stdout, stderr, scrub } = redact(io, env);
  const live =
    asked.live === true && loaded !== undefined ? await checkLive(loaded, io.cwd) : undefined;
  const ok = loaded !== undefined && (live ?? []).every((finding) => finding.ok);

  if (asked.json === true) {
    const report = { ok, problems, warnings, ...(live === undefined ? {} : { live }) };
    // Each text by itself: cutting secrets out of the whole could also cut a part of its syntax.
    const clean = (_key: string, value: unknown) =>
      typeof value === 'string' ? scrub(value) : value;
    io.stdout.write(`${JSON.stringify(report, clean, 2)}\n`);
  } else if (loaded === undefined) {
    stderr.write(showProblems(problems, warnings));
  } else {
    stdout.write(summary(loaded, isFromDotEnv('GEWE_TOKEN') ? '.env' : 'the environment'));
    stderr.write(showWarnings(warnings));
    if (live !== undefined) stdout.write(showFindings(live));
  }
  return ok ? EXIT_OK : EXIT_CONFIG;
}

/** A secret in the wrong variable can look like a name or a path, so a value is repeated only if it clearly is one. */
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

/** @param tokenFrom where GEWE_TOKEN comes from, if it is set */
function summary({ settings, secrets, clients }: Loaded, tokenFrom: string): string {
  const names = clients.entries.map(({ client }) => showName(client.name));
  const token =
    'file' in secrets.token
      ? `GEWE_TOKEN_FILE is set (${secrets.token.file})`
      : `GEWE_TOKEN is set (from ${tokenFrom})`;
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
