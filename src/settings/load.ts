import { resolve } from 'node:path';
import type { Clock } from '../time.ts';
import { systemClock } from '../time.ts';
import { leadsTo } from './addresses.ts';
import { readClients, type LoadedClients } from './clients-file.ts';
import { readEnvironment, type Environment } from './env.ts';
import { parsePolicy } from './policy.ts';
import type { Problem } from './problem.ts';
import { readSecrets, type Secrets } from './secrets.ts';
import { toSettings, type Settings } from './settings.ts';
import { readTextFileSync, whyNoText } from './text-file.ts';

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
 * Reads all settings: variables, secrets, policy, clients.
 *
 * @param cwd relative paths are relative to it
 * @returns all of them, or every problem at once; no problem contains a secret
 */
export function loadSettings(
  env: NodeJS.ProcessEnv,
  cwd: string,
  { clock = systemClock, program = 'gewe-gateway' }: Surroundings = {},
): Loaded | { readonly problems: readonly Problem[] } {
  const { environment, problems: ofVariables } = readEnvironment(env);
  const { settings: given, files } = environment;
  const { secrets, token, problems: ofSecrets } = readSecrets(environment, cwd, program);
  const policy = readPolicy(files.policy, cwd, clock.now(), token);

  const clientsFile = findClientsFile(files.clients, cwd);
  const clients = readClients({
    file: clientsFile,
    fileShownAs: files.clients ?? CLIENTS_FILE,
    keys: secrets.keys,
    // With a broken policy, any number lets the clients be checked in the same run.
    requestsPerMinute: 'policy' in policy ? policy.policy.clientRequestsPerMinute : 1,
    upstreamToken: () => token,
    program,
  });
  const problems = [
    ...ofVariables,
    ...sameListener(given),
    ...ownBaseUrl(given),
    ...ofSecrets,
    ...('problems' in policy ? policy.problems : []),
    ...('problems' in clients ? clients.problems : []),
  ];
  if (isWithoutClient(environment, clients, problems)) problems.push(noClient(program));

  const { geweBaseUrl } = given;
  if (
    problems.length > 0 ||
    geweBaseUrl === undefined ||
    'problems' in policy ||
    'problems' in clients
  ) {
    return { problems };
  }
  const settings = toSettings(environment, geweBaseUrl, policy.policy, clientsFile);
  return { settings, secrets, clients, program };
}

/** Whether nobody could call, and no other problem is the reason. */
function isWithoutClient(
  { settings, secrets }: Environment,
  clients: ReturnType<typeof readClients>,
  problems: readonly Problem[],
): boolean {
  return (
    settings.auth === 'keys' &&
    'entries' in clients &&
    clients.entries.length === 0 &&
    secrets.keys === undefined &&
    !problems.some(({ setting }) => setting === 'GATEWAY_CLIENTS')
  );
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
function sameListener({ host, port, opsHost, opsPort }: Environment['settings']): Problem[] {
  if (port === 0 || port !== opsPort || host !== opsHost) return [];
  const problem = 'is the address of HOST and PORT too';
  return [{ setting: 'OPS_PORT', problem, remedy: 'Give the ops listener another port.' }];
}

/** A gateway that calls itself would answer each call with another one, until it runs out of connections. */
function ownBaseUrl(given: Environment['settings']): Problem[] {
  const { geweBaseUrl: url, host, port, opsHost, opsPort } = given;
  const setting = 'GEWE_BASE_URL';
  const remedy = 'Set it to the address of GEWE, or let the gateway listen on another port.';
  const listeners = [
    { host, port, names: 'HOST and PORT' },
    { host: opsHost, port: opsPort, names: 'OPS_HOST and OPS_PORT' },
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
