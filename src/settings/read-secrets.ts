import { resolve } from 'node:path';
import type { Environment } from './env.ts';
import { parseGatewayKeys } from './gateway-keys.ts';
import type { Problem } from './problem.ts';
import { readTextFileSync, whyNoText } from './read-file.ts';
import { isLoopback, isQuoted, parseToken } from './secrets.ts';
import type { Secrets } from './settings.ts';

interface ReadSecrets {
  readonly secrets: Secrets;
  /** The upstream token as it is now, to tell it from other keys. */
  readonly token: string | undefined;
  readonly problems: readonly Problem[];
}

/** All secrets, with every problem at once. Reads the token's file, whose path counts from `cwd`. */
export function readSecrets(environment: Environment, cwd: string, program: string): ReadSecrets {
  const upstream = readToken(environment, cwd);
  const gatewayKeys = parseGatewayKeys(environment.GATEWAY_KEYS, program);
  const ops = readOpsToken(environment, upstream.token, program);
  return {
    secrets: { token: upstream.source, opsToken: ops.token, keys: gatewayKeys.keys },
    token: upstream.token,
    problems: [...upstream.problems, ...gatewayKeys.problems, ...ops.problems],
  };
}

function readToken(environment: Environment, cwd: string) {
  const { GEWE_TOKEN: value, GEWE_TOKEN_FILE: file } = environment;
  const path = file === undefined ? undefined : resolve(cwd, file);
  const source = path === undefined ? { value: value?.trim() ?? '' } : { file: path };
  const fail = (setting: string, problem: string, remedy: string) => ({
    source,
    token: undefined,
    problems: [{ setting, problem, remedy }],
  });

  if (value !== undefined && path !== undefined) {
    const remedy = 'Keep one of the two and unset the other.';
    return fail('GEWE_TOKEN', 'is set, and GEWE_TOKEN_FILE too', remedy);
  }
  if (path === undefined) {
    const parsed = parseToken(value);
    if ('token' in parsed) return { source, token: parsed.token, problems: [] };
    const remedy =
      'Set GEWE_TOKEN to the token that GEWE gave you, or GEWE_TOKEN_FILE to a file that holds it.';
    return fail('GEWE_TOKEN', parsed.problem, remedy);
  }
  if (file !== undefined && isQuoted(file)) {
    return fail('GEWE_TOKEN_FILE', 'begins or ends with a quote', 'Take the quotes away.');
  }
  // The path is not repeated: who mixes the two variables up has put the token there.
  const look = readTextFileSync(path);
  if (look.kind !== 'text') {
    const remedy = 'Set it to the path of a readable file that holds only the token.';
    return fail('GEWE_TOKEN_FILE', `cannot be used: ${whyNoText(look)}`, remedy);
  }
  const parsed = parseToken(look.text);
  if ('token' in parsed) return { source, token: parsed.token, problems: [] };
  const remedy = 'Write the token that GEWE gave you, and nothing else, into the file.';
  return fail('GEWE_TOKEN_FILE', `names a file whose token ${parsed.problem}`, remedy);
}

function readOpsToken(
  environment: Environment,
  upstreamToken: string | undefined,
  program: string,
) {
  const setting = 'OPS_TOKEN';
  if (environment.OPS_TOKEN === undefined) {
    if (isLoopback(environment.OPS_HOST)) return { token: undefined, problems: [] };
    const problem = 'is missing, and OPS_HOST can be reached from other machines';
    const remedy = 'Set OPS_TOKEN to a long random text, or OPS_HOST to 127.0.0.1.';
    return { token: undefined, problems: [{ setting, problem, remedy }] };
  }
  const parsed = parseToken(environment.OPS_TOKEN);
  if ('problem' in parsed) {
    const remedy = `Set it to a long random text, such as the key that \`${program} keys new ops\` prints.`;
    return { token: undefined, problems: [{ setting, problem: parsed.problem, remedy }] };
  }
  if (parsed.token === upstreamToken) {
    const problem = 'is the same as the upstream token';
    const remedy = 'Give the ops listener a token of its own: the upstream token goes to no one.';
    return { token: undefined, problems: [{ setting, problem, remedy }] };
  }
  return { token: parsed.token, problems: [] };
}
