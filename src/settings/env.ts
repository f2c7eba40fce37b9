import { z } from 'zod';
import { baseUrl, listenHost, storeUrl, trustedProxies } from './addresses.ts';
import type { Problem } from './problem.ts';
import { isQuoted } from './secrets.ts';
import type { LogLevel } from './settings.ts';

interface Variable<T> {
  readonly schema: z.ZodType<unknown, string>;
  /** What an unset or empty variable means. */
  readonly fallback: T;
  /** What to do when the value is wrong. */
  readonly remedy: string;
}

function variable<T, F extends T | undefined>(
  schema: z.ZodType<T, string>,
  fallback: F,
  remedy: string,
): Variable<T | F> {
  return { schema, fallback, remedy };
}

/** Plain decimal digits only: `Number` would also take '0x10', '1e3' and ' 7 '. */
function wholeNumber(min: number, max: number, fallback: number): Variable<number> {
  const rule = `must be a whole number from ${min} to ${max}`;
  const schema = z
    .string()
    .regex(/^(0|[1-9]\d*)$/, rule)
    .transform(Number)
    .refine((value) => value >= min && value <= max, rule);
  return variable(schema, fallback, `Write it in plain digits, or unset it for ${fallback}.`);
}

function oneOf<const T extends string>(names: readonly T[], fallback: NoInfer<T>): Variable<T> {
  const schema = z.enum(names, { error: `must be one of ${names.join(', ')}` });
  return variable(schema as unknown as z.ZodType<T, string>, fallback, `Unset for ${fallback}.`);
}

/** The longest wait of a timer of Node, in milliseconds. */
const MAX_MS = 2 ** 31 - 1;
const MAX_BYTES = 2 ** 30;
const LOG_LEVELS: readonly LogLevel[] = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
  'silent',
];
const text = z.string();
const hostRemedy = 'Use 127.0.0.1 for this machine only, 0.0.0.0 or :: for all of its addresses.';
const BASE_URL_REMEDY =
  'Set it to all before /contacts of the upstream, such as http://127.0.0.1:2531/v2/api.';

/** Secrets are plain text here and checked with the rest of them; their remedies stand there. */
const VARIABLES = {
  GEWE_BASE_URL: variable(baseUrl, undefined, BASE_URL_REMEDY),
  GEWE_TOKEN: variable(text, undefined, ''),
  GEWE_TOKEN_FILE: variable(text, undefined, ''),
  HOST: variable(listenHost, '127.0.0.1', hostRemedy),
  PORT: wholeNumber(0, 65535, 8080),
  OPS_HOST: variable(listenHost, '127.0.0.1', hostRemedy),
  OPS_PORT: wholeNumber(0, 65535, 9090),
  OPS_TOKEN: variable(text, undefined, ''),
  GATEWAY_KEYS: variable(text, undefined, ''),
  GATEWAY_CLIENTS: variable(text, undefined, 'Set it to the path of the clients file.'),
  GATEWAY_AUTH: oneOf(['keys', 'none'], 'keys'),
  GATEWAY_CONFIG: variable(text, undefined, 'Set it to the path of the policy file.'),
  STORE_URL: variable(
    storeUrl,
    'sqlite:data/gateway.db',
    'Correct it, or unset it for sqlite:data/gateway.db.',
  ),
  LIST_DEADLINE_MS: wholeNumber(1, MAX_MS, 7000),
  LIST_CACHE_DEADLINE_MS: wholeNumber(1, MAX_MS, 2000),
  LIST_HARD_LIMIT_MS: wholeNumber(1, MAX_MS, 300_000),
  LIST_POLL_MS: wholeNumber(1, MAX_MS, 10_000),
  GEWE_TIMEOUT_MS: wholeNumber(1, MAX_MS, 30_000),
  BODY_LIMIT_BYTES: wholeNumber(1, MAX_BYTES, 1_048_576),
  ANSWER_LIMIT_BYTES: wholeNumber(1, MAX_BYTES, 33_554_432),
  TRUST_PROXY: variable(
    trustedProxies,
    undefined,
    'Set it to the number of proxies in front of the gateway or to their addresses, or unset it.',
  ),
  LOG_LEVEL: oneOf(LOG_LEVELS, 'info'),
  SHUTDOWN_GRACE_MS: wholeNumber(0, MAX_MS, 10_000),
};

type Variables = typeof VARIABLES;

/** Every variable under its own name, typed; unset and empty ones have their default. */
export type Environment = {
  readonly [Name in keyof Variables]: Variables[Name] extends Variable<infer T> ? T : never;
};

/** The variables that the gateway reads. */
export const VARIABLE_NAMES = Object.keys(VARIABLES) as readonly (keyof Variables)[];

/** The environment of this process. */
export function processEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}

/**
 * Turns the raw variables into typed values. A wrong one is a problem and has its default in `environment`, so that
 * the rest can be checked in the same run. An empty variable counts as unset, as compose files leave them.
 */
export function readEnvironment(env: NodeJS.ProcessEnv): {
  readonly environment: Environment;
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { schema, fallback, remedy }] of Object.entries(VARIABLES)) {
    const raw = env[name];
    values[name] = fallback;
    if (raw === undefined || raw === '') continue;
    const parsed = schema.safeParse(raw);
    // Secrets, which have no remedy here, are checked for it with the rest of them.
    if (remedy !== '' && isQuoted(raw)) {
      const problem = 'begins or ends with a quote';
      problems.push({ setting: name, problem, remedy: 'Take the quotes away.' });
    } else if (parsed.success) values[name] = parsed.data;
    else {
      const problem = parsed.error.issues[0]?.message ?? 'cannot be read';
      problems.push({ setting: name, problem, remedy });
    }
  }
  if (env['GEWE_BASE_URL'] === undefined || env['GEWE_BASE_URL'] === '') {
    const problem = 'is missing or empty';
    problems.push({ setting: 'GEWE_BASE_URL', problem, remedy: BASE_URL_REMEDY });
  }
  return { environment: values as Environment, problems };
}
