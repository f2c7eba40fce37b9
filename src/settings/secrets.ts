import { resolve } from 'node:path';
import { isLoopback } from './addresses.ts';
import { CLIENT_NAME, CLIENT_NAME_RULE } from './client.ts';
import type { Environment } from './env.ts';
import { showName, type Problem } from './problem.ts';
import { readTextFileSync, whyNoText } from './text-file.ts';
import { isQuoted, parseToken, secretProblem, type TokenSource } from './token.ts';

export interface Secrets {
  readonly token: TokenSource;
  readonly opsToken: string | undefined;
  /** `GATEWAY_KEYS`: clients with every right. */
  readonly keys: readonly { readonly name: string; readonly key: string }[];
}

/**
 * Reads all secrets and reports every problem at once.
 *
 * @param cwd the path of the token's file is relative to it
 * @param program the command that runs this program here
 * @returns beside the secrets the upstream token as it is now, to compare other keys with
 */
export function readSecrets(
  { secrets: given, settings }: Environment,
  cwd: string,
  program: string,
): {
  readonly secrets: Secrets;
  readonly token: string | undefined;
  readonly problems: readonly Problem[];
} {
  const { tokenFile } = given;
  const source =
    tokenFile === undefined
      ? { value: given.token?.trim() ?? '' }
      : { file: resolve(cwd, tokenFile) };
  const upstream = readToken(given, source);
  const token = 'token' in upstream ? upstream.token : undefined;
  const gatewayKeys = parseGatewayKeys(given.keys, program);
  const ops = readOpsToken(given.opsToken, settings.opsHost, token, program);
  const problems = [
    ...('problem' in upstream ? [upstream.problem] : []),
    ...gatewayKeys.problems,
    ...('problem' in ops ? [ops.problem] : []),
  ];
  const opsToken = 'token' in ops ? ops.token : undefined;
  return { secrets: { token: source, opsToken, keys: gatewayKeys.keys }, token, problems };
}

type TokenOrProblem<T> = { readonly token: T } | { readonly problem: Problem };

function readToken(
  { token, tokenFile }: Environment['secrets'],
  source: TokenSource,
): TokenOrProblem<string> {
  const setting = 'file' in source ? 'GEWE_TOKEN_FILE' : 'GEWE_TOKEN';
  const wrong = (problem: string, remedy: string) => ({ problem: { setting, problem, remedy } });

  if (!('file' in source)) {
    const parsed = parseToken(token);
    if ('token' in parsed) return parsed;
    const remedy =
      'Set GEWE_TOKEN to the token that GEWE gave you, or GEWE_TOKEN_FILE to a file that contains it.';
    return wrong(parsed.problem, remedy);
  }
  if (token !== undefined) {
    const remedy = 'Keep one of the two and unset the other.';
    return {
      problem: { setting: 'GEWE_TOKEN', problem: 'is set, and GEWE_TOKEN_FILE too', remedy },
    };
  }
  if (tokenFile !== undefined && isQuoted(tokenFile)) {
    return wrong('begins or ends with a quote', 'Remove the quotes.');
  }
  // The path is not repeated: if the two variables were mixed up, it is the token.
  const look = readTextFileSync(source.file);
  if (look.kind !== 'text') {
    const remedy = 'Set it to the path of a readable file that contains only the token.';
    return wrong(`cannot be used: ${whyNoText(look)}`, remedy);
  }
  const parsed = parseToken(look.text);
  if ('token' in parsed) return parsed;
  const remedy = 'Write the token that GEWE gave you, and nothing else, into the file.';
  return wrong(`names a file whose token ${parsed.problem}`, remedy);
}

function readOpsToken(
  given: string | undefined,
  opsHost: string,
  upstreamToken: string | undefined,
  program: string,
): TokenOrProblem<string | undefined> {
  const wrong = (problem: string, remedy: string) => ({
    problem: { setting: 'OPS_TOKEN', problem, remedy },
  });
  if (given === undefined) {
    if (isLoopback(opsHost)) return { token: undefined };
    const remedy = 'Set OPS_TOKEN to a long random text, or OPS_HOST to 127.0.0.1.';
    return wrong('is missing, and OPS_HOST can be reached from other machines', remedy);
  }
  const parsed = parseToken(given);
  if ('problem' in parsed) {
    const remedy = `Set it to a long random text, such as the key that \`${program} keys new ops\` prints.`;
    return wrong(parsed.problem, remedy);
  }
  if (parsed.token !== upstreamToken) return parsed;
  const remedy = 'Give the ops listener its own token: the upstream token must not be shared.';
  return wrong('is the same as the upstream token', remedy);
}

/**
 * Parses `GATEWAY_KEYS`: `name:key,name:key`. The key is everything after the first colon. Problems name entries by
 * their number, since a key may be where a name should be. Duplicates are left to the check over all clients.
 *
 * @param program the command that runs this program here
 */
export function parseGatewayKeys(
  text: string | undefined,
  program: string,
): { readonly keys: Secrets['keys']; readonly problems: readonly Problem[] } {
  const keys: { name: string; key: string }[] = [];
  const problems: Problem[] = [];
  const report = (number: number, problem: string, remedy: string) =>
    problems.push({ setting: 'GATEWAY_KEYS', problem: `entry ${number} ${problem}`, remedy });

  for (const [index, entry] of (text === undefined ? [] : text.split(',')).entries()) {
    const trimmed = entry.trim();
    const colon = trimmed.indexOf(':');
    const name = trimmed.slice(0, Math.max(colon, 0));
    const key = trimmed.slice(colon + 1);
    const wrongKey = secretProblem(key);
    if (trimmed === '') {
      report(index + 1, 'is empty', 'Remove the extra comma.');
    } else if (isQuoted(trimmed)) {
      report(index + 1, 'begins or ends with a quote', 'Remove the quotes.');
    } else if (colon < 0) {
      report(index + 1, 'has no colon', 'Write it as name:key.');
    } else if (!CLIENT_NAME.test(name)) {
      report(index + 1, `has a name that cannot be used: ${CLIENT_NAME_RULE}`, 'Rename it.');
    } else if (wrongKey !== undefined) {
      const remedy = `Give it a long random key, for example from \`${program} keys new NAME\`.`;
      report(index + 1, `(${showName(name)}) has a key that ${wrongKey}`, remedy);
    } else {
      keys.push({ name, key });
    }
  }
  return { keys, problems };
}

/** Shorter texts are of no use as a secret, and would be cut out of ordinary words. In characters. */
const MIN_SECRET_LENGTH = 4;

/**
 * Everything that the variables contain as a secret, usable or not: nothing that is printed may repeat it, even if it
 * is in another variable too.
 *
 * @param cwd the path in `GEWE_TOKEN_FILE` is relative to it
 */
export function knownSecrets(env: NodeJS.ProcessEnv, cwd: string): string[] {
  const { GEWE_TOKEN = '', GEWE_TOKEN_FILE = '', OPS_TOKEN = '', GATEWAY_KEYS = '' } = env;
  const { STORE_URL = '' } = env;
  const file = readTextFileSync(resolve(cwd, GEWE_TOKEN_FILE));
  // If there is no such file, the variable may contain the token instead of a path.
  const ofFile = file.kind === 'text' ? file.text.split(/[\r\n]+/) : [GEWE_TOKEN_FILE];
  // An entry without a colon has no name: all of it may be the key.
  const keys = GATEWAY_KEYS.split(',').map((entry) => entry.slice(entry.indexOf(':') + 1));
  return [GEWE_TOKEN, OPS_TOKEN, ...passwordsIn(STORE_URL), ...ofFile, ...keys]
    .flatMap((secret) => [secret, bare(secret)])
    .map((secret) => secret.trim())
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH);
}

/** Without what was written around it by mistake: quotes, `NAME=`. */
function bare(secret: string): string {
  return secret
    .trim()
    .replace(/^(?:export\s+)?\w+\s*=\s*(?!=)/, '')
    .replace(/^["'`]|["'`]$/g, '');
}

/** The password in a URL, as written and decoded. A text that is no URL may be a password all the same. */
export function passwordsIn(text: string): string[] {
  const [, written] = /^[a-z]+:\/\/[^/]*?:([^/]*)@/i.exec(text) ?? [];
  if (written === undefined) return [];
  try {
    return [written, decodeURIComponent(written)];
  } catch {
    return [written];
  }
}
