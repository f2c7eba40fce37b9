import { z } from 'zod';
import { baseUrl, exactOrigin, listenHost, storeUrl, trustedProxies } from './addresses.ts';
import type { Problem } from './problem.ts';
import { isQuoted } from './token.ts';

interface Variable<T> {
  readonly name: string;
  readonly schema: z.ZodType<T>;
  /** The value if the variable is unset or empty. */
  readonly fallback: T;
  /** What to do if the value is wrong; undefined for secrets, which `secrets.ts` checks. */
  readonly remedy: string | undefined;
  readonly isRequired?: boolean;
}

function variable<T, F extends T | undefined>(
  name: string,
  schema: z.ZodType<T>,
  fallback: F,
  remedy: string,
): Variable<T | F> {
  return { name, schema, fallback, remedy };
}

function required<T>(name: string, schema: z.ZodType<T>, remedy: string): Variable<T | undefined> {
  return { ...variable(name, schema, undefined, remedy), isRequired: true };
}

/** Plain decimal digits only: `Number` would also take '0x10', '1e3' and ' 7 '. */
function wholeNumber(name: string, min: number, max: number, fallback: number): Variable<number> {
  const rule = `must be a whole number from ${min} to ${max}`;
  const schema = z
    .string()
    .regex(/^(0|[1-9]\d*)$/, rule)
    .transform(Number)
    .refine((value) => value >= min && value <= max, rule);
  return variable(name, schema, fallback, `Write it in plain digits, or unset it for ${fallback}.`);
}

function port(name: string, fallback: number): Variable<number> {
  return wholeNumber(name, 0, 65_535, fallback);
}

function milliseconds(name: string, fallback: number, min: 0 | 1 = 1): Variable<number> {
  // The longest wait of a Node timer.
  return wholeNumber(name, min, 2 ** 31 - 1, fallback);
}

function bytes(name: string, fallback: number): Variable<number> {
  return wholeNumber(name, 1, 2 ** 30, fallback);
}

function host(name: string): Variable<string> {
  const remedy = 'Use 127.0.0.1 for this machine only, 0.0.0.0 or :: for all of its addresses.';
  return variable(name, listenHost, '127.0.0.1', remedy);
}

function oneOf<const T extends string>(
  name: string,
  values: readonly T[],
  fallback: NoInfer<T>,
): Variable<T> {
  const schema = z.enum(values, { error: `must be one of ${values.join(', ')}` });
  return variable(name, schema as z.ZodType<T>, fallback, `Unset it for ${fallback}.`);
}

function path(name: string, what: string): Variable<string | undefined> {
  return variable(name, z.string(), undefined, `Set it to the path of ${what}.`);
}

function secret(name: string): Variable<string | undefined> {
  return { name, schema: z.string(), fallback: undefined, remedy: undefined };
}

/** Every variable once: where its value goes, its name, what it may be, and its default. */
const VARIABLES = {
  settings: {
    /** Everything before `/contacts`, without a trailing slash in its path. */
    geweBaseUrl: required(
      'GEWE_BASE_URL',
      baseUrl,
      'Set it to everything before /contacts of the upstream, such as http://127.0.0.1:2531/v2/api.',
    ),
    geweTimeoutMs: milliseconds('GEWE_TIMEOUT_MS', 30_000),
    answerLimitBytes: bytes('ANSWER_LIMIT_BYTES', 33_554_432),
    host: host('HOST'),
    port: port('PORT', 8080),
    opsHost: host('OPS_HOST'),
    opsPort: port('OPS_PORT', 9090),
    /** Where operators' browsers find the ops listener, if that is no IP address. */
    opsOrigin: variable(
      'OPS_ORIGIN',
      exactOrigin,
      undefined,
      "Set it to what operators' browsers show before the path, such as https://ops.example.com, or unset it.",
    ),
    auth: oneOf('GATEWAY_AUTH', ['keys', 'none'], 'keys'),
    storeUrl: variable(
      'STORE_URL',
      storeUrl,
      'sqlite:data/gateway.db',
      'Correct it, or unset it for sqlite:data/gateway.db.',
    ),
    bodyLimitBytes: bytes('BODY_LIMIT_BYTES', 1_048_576),
    /** For Express: `undefined` trusts no proxy. */
    trustProxy: variable(
      'TRUST_PROXY',
      trustedProxies,
      undefined,
      'Set it to the number of proxies in front of the gateway or to their addresses, or unset it.',
    ),
    logLevel: oneOf(
      'LOG_LEVEL',
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'info',
    ),
    /** `auto`: pretty on a terminal, JSON elsewhere. */
    logFormat: oneOf('LOG_FORMAT', ['auto', 'json', 'pretty'], 'auto'),
    /** What this gateway is called in its log; undefined for its host name and port. */
    instance: variable(
      'INSTANCE',
      z
        .string()
        .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 characters of ASCII, without spaces'),
      undefined,
      'Set it to a short name, or unset it for the host name and the port.',
    ),
    shutdownGraceMs: milliseconds('SHUTDOWN_GRACE_MS', 10_000, 0),
    /** Which listeners serve the API page. */
    docs: oneOf('DOCS', ['both', 'ops', 'off'], 'both'),
  },
  list: {
    deadlineMs: milliseconds('LIST_DEADLINE_MS', 7000),
    cacheDeadlineMs: milliseconds('LIST_CACHE_DEADLINE_MS', 2000),
    hardLimitMs: milliseconds('LIST_HARD_LIMIT_MS', 300_000),
    pollMs: milliseconds('LIST_POLL_MS', 10_000),
  },
  files: {
    policy: path('GATEWAY_CONFIG', 'the policy file'),
    clients: path('GATEWAY_CLIENTS', 'the clients file'),
  },
  secrets: {
    token: secret('GEWE_TOKEN'),
    tokenFile: secret('GEWE_TOKEN_FILE'),
    opsToken: secret('OPS_TOKEN'),
    keys: secret('GATEWAY_KEYS'),
  },
};

type Group = Readonly<Record<string, Variable<unknown>>>;
type Values<G> = { readonly [Key in keyof G]: G[Key] extends Variable<infer T> ? T : never };

/** The typed values of all variables. Unset and empty ones have their default. */
export type Environment = {
  readonly [Name in keyof typeof VARIABLES]: Values<(typeof VARIABLES)[Name]>;
};

/** The variables that the gateway reads. */
export const VARIABLE_NAMES: readonly string[] = Object.values<Group>(VARIABLES).flatMap((group) =>
  Object.values(group).map(({ name }) => name),
);

/** The environment of this process. */
export function processEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}

/**
 * Turns the raw variables into typed values. A wrong one is a problem and has its default in `environment`, so that
 * the rest can be checked in the same run. An empty variable counts as unset: compose files leave them so.
 */
export function readEnvironment(env: NodeJS.ProcessEnv): {
  readonly environment: Environment;
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const read = <G extends Group>(group: G) =>
    Object.fromEntries(
      Object.entries(group).map(([key, variable]) => {
        const result = readVariable(variable, env[variable.name]);
        if ('problem' in result) problems.push(result.problem);
        return [key, 'value' in result ? result.value : variable.fallback];
      }),
    ) as Values<G>;
  const environment = {
    settings: read(VARIABLES.settings),
    list: read(VARIABLES.list),
    files: read(VARIABLES.files),
    secrets: read(VARIABLES.secrets),
  };
  return { environment, problems };
}

function readVariable(
  { name: setting, schema, fallback, remedy, isRequired = false }: Variable<unknown>,
  raw: string | undefined,
): { readonly value: unknown } | { readonly problem: Problem } {
  const wrong = (problem: string, what = remedy ?? '') => ({
    problem: { setting, problem, remedy: what },
  });
  if (raw === undefined || raw === '') {
    return isRequired ? wrong('is missing or empty') : { value: fallback };
  }
  if (remedy !== undefined && isQuoted(raw)) {
    return wrong('begins or ends with a quote', 'Remove the quotes.');
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return { value: parsed.data };
  return wrong(parsed.error.issues[0]?.message ?? 'cannot be read');
}
