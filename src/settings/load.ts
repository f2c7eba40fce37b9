import { resolve } from 'node:path';
import type { Clock } from '../time.ts';
import { systemClock } from '../time.ts';
import type { LoadedClients } from './clients-file.ts';
import { readClients } from './clients-file.ts';
import type { Environment } from './env.ts';
import { readEnvironment } from './env.ts';
import { leadsTo } from './own-address.ts';
import type { Policy } from './policy.ts';
import { parsePolicy } from './policy.ts';
import type { Problem } from './problem.ts';
import { readTextFileSync, whyNoText } from './read-file.ts';
import { readSecrets } from './read-secrets.ts';
import type { Secrets, Settings } from './settings.ts';

const POLICY_FILE = 'config/gateway.yaml';
const CLIENTS_FILE = 'config/clients.yaml';

export interface Loaded {
  readonly settings: Settings;
  readonly secrets: Secrets;
  readonly clients: LoadedClients;
  /** The command that runs this program here, for messages that recommend one. */
  readonly program: string;
}

interface Surroundings {
  readonly clock?: Clock;
  readonly program?: string;
}

/**
 * Reads everything that the gateway is told: variables, policy, clients, secrets.
 *
 * @param cwd relative paths count from here
 * @returns all of it, or every problem at once; no problem holds a secret
 */
export function loadSettings(
  env: NodeJS.ProcessEnv,
  cwd: string,
  { clock = systemClock, program = 'gewe-gateway' }: Surroundings = {},
): Loaded | { readonly problems: readonly Problem[] } {
  const { environment, problems: ofVariables } = readEnvironment(env);
  const problems: Problem[] = [
    ...ofVariables,
    ...sameListener(environment),
    ...ownBaseUrl(environment),
  ];

  const { secrets, token, problems: ofSecrets } = readSecrets(environment, cwd, program);
  problems.push(...ofSecrets);

  const policy = readPolicy(environment.GATEWAY_CONFIG, cwd, clock.now(), token);
  if ('problems' in policy) problems.push(...policy.problems);
  // A wrong policy is told below; until then its default lets the clients be checked in the same run.
  const requestsPerMinute = 'policy' in policy ? policy.policy.clientRequestsPerMinute : 1;

  const file = findClientsFile(environment.GATEWAY_CLIENTS, cwd);
  const sources = {
    file,
    fileShownAs: environment.GATEWAY_CLIENTS ?? CLIENTS_FILE,
    keys: secrets.keys,
    requestsPerMinute,
    upstreamToken: () => token,
    program,
  };
  const clients = readClients(sources);
  if ('problems' in clients) problems.push(...clients.problems);
  else if (clients.entries.length === 0 && environment.GATEWAY_AUTH === 'keys') {
    const isAboutClients = problems.some(({ setting }) => setting === 'GATEWAY_CLIENTS');
    if (environment.GATEWAY_KEYS === undefined && !isAboutClients) problems.push(noClient(program));
  }

  const { GEWE_BASE_URL: geweBaseUrl } = environment;
  if (
    problems.length > 0 ||
    geweBaseUrl === undefined ||
    'problems' in policy ||
    'problems' in clients
  ) {
    return { problems };
  }
  const settings = assemble(environment, geweBaseUrl, policy.policy, file);
  return { settings, secrets, clients, program };
}

function noClient(program: string): Problem {
  return {
    setting: 'GATEWAY_KEYS, GATEWAY_CLIENTS',
    problem: 'name no client, so nobody could call the gateway',
    remedy:
      'Set GATEWAY_KEYS to name:key, or name a client in config/clients.yaml or the file of GATEWAY_CLIENTS ' +
      `(\`${program} keys new NAME\` makes a key); GATEWAY_AUTH=none serves every caller.`,
  };
}

/** Two listeners cannot share an address, unless the system picks their ports. */
function sameListener(environment: Environment): Problem[] {
  const { HOST, PORT, OPS_HOST, OPS_PORT } = environment;
  if (PORT === 0 || PORT !== OPS_PORT || HOST !== OPS_HOST) return [];
  const problem = 'is the address of HOST and PORT too';
  return [{ setting: 'OPS_PORT', problem, remedy: 'Give the ops listener another port.' }];
}

/** A gateway that calls itself would answer each call with another one, until it runs out of connections. */
function ownBaseUrl(environment: Environment): Problem[] {
  const { GEWE_BASE_URL: url, HOST, PORT, OPS_HOST, OPS_PORT } = environment;
  const setting = 'GEWE_BASE_URL';
  const remedy = 'Set it to the address of GEWE, or let the gateway listen on another port.';
  const listeners = [
    { host: HOST, port: PORT, names: 'HOST and PORT' },
    { host: OPS_HOST, port: OPS_PORT, names: 'OPS_HOST and OPS_PORT' },
  ];
  return listeners
    .filter((address) => url !== undefined && leadsTo(url, address))
    .map(({ names }) => ({ setting, problem: `is the gateway itself (${names})`, remedy }));
}

function readPolicy(
  named: string | undefined,
  cwd: string,
  now: number,
  token: string | undefined,
): ReturnType<typeof parsePolicy> {
  const file = named ?? POLICY_FILE;
  const look = readTextFileSync(resolve(cwd, file));
  if (look.kind === 'text') return parsePolicy(look.text, file, now, token);
  if (look.kind === 'missing' && named === undefined) return parsePolicy('', file, now);
  const problem = `cannot be used: ${whyNoText(look)}`;
  const remedy = `Set it to the path of a readable file, or unset it for ${POLICY_FILE}.`;
  // The path is not repeated: it could be a secret that was put into the wrong variable.
  return { problems: [{ setting: 'GATEWAY_CONFIG', problem, remedy }] };
}

function findClientsFile(named: string | undefined, cwd: string): string | undefined {
  if (named !== undefined) return resolve(cwd, named);
  const byDefault = resolve(cwd, CLIENTS_FILE);
  return readTextFileSync(byDefault).kind === 'missing' ? undefined : byDefault;
}

function assemble(
  environment: Environment,
  geweBaseUrl: URL,
  policy: Policy,
  clientsFile: string | undefined,
): Settings {
  return {
    geweBaseUrl,
    geweTimeoutMs: environment.GEWE_TIMEOUT_MS,
    answerLimitBytes: environment.ANSWER_LIMIT_BYTES,
    host: environment.HOST,
    port: environment.PORT,
    opsHost: environment.OPS_HOST,
    opsPort: environment.OPS_PORT,
    auth: environment.GATEWAY_AUTH,
    clientsFile,
    storeUrl: environment.STORE_URL,
    bodyLimitBytes: environment.BODY_LIMIT_BYTES,
    trustProxy: environment.TRUST_PROXY,
    logLevel: environment.LOG_LEVEL,
    shutdownGraceMs: environment.SHUTDOWN_GRACE_MS,
    list: {
      deadlineMs: environment.LIST_DEADLINE_MS,
      cacheDeadlineMs: environment.LIST_CACHE_DEADLINE_MS,
      hardLimitMs: environment.LIST_HARD_LIMIT_MS,
      pollMs: environment.LIST_POLL_MS,
      ...policy.list,
    },
    breaker: policy.breaker,
    addContacts: policy.addContacts,
    clientRequestsPerMinute: policy.clientRequestsPerMinute,
    accounts: policy.accounts,
  };
}
