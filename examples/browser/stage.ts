/** Everything that the example needs, on this machine: a simulated GEWE, a gateway in front of it, and the page's backend. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway, type Overrides } from '../../src/gateway.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { systemClock } from '../../src/time.ts';
import { createBackend } from './backend.ts';
import { friendsList, peopleOf } from './people.ts';

const TOKEN = 'simulator-token';
const DAY_MS = 86_400_000;

export interface Stage {
  /** Where to open the page. */
  readonly url: string;
  readonly gatewayUrl: string;
  /** The key of the page's backend. */
  readonly gatewayKey: string;
  readonly simulator: Simulator;
  close(): Promise<void>;
}

interface StageOptions {
  /** The port of the page; 0 takes a free one. */
  readonly port?: number;
  readonly clock?: Overrides['clock'];
  /** How long a list may take before the saved one answers. Default: short enough to watch. */
  readonly listDeadlineMs?: number;
}

/** Starts all three. Nothing is kept after close(). */
export async function setStage(options: StageOptions = {}): Promise<Stage> {
  const { port = 0, clock = systemClock, listDeadlineMs = 3000 } = options;
  const folder = await mkdtemp(join(tmpdir(), 'gewe-gateway-example-'));
  const simulator = createSimulator({ token: TOKEN, now: () => clock.now() });
  const { baseUrl } = await simulator.start();
  rehearse(simulator);

  // First the address of the page, which the clients file has to list; what it answers, at the end.
  const server = createServer();
  const origin = `http://127.0.0.1:${await listen(server, port)}`;
  const gatewayKey = `gwk_${randomBytes(32).toString('hex')}`;
  const [clientsFile, policyFile] = [join(folder, 'clients.yaml'), join(folder, 'gateway.yaml')];
  await writeFile(clientsFile, clients(gatewayKey, origin));
  await writeFile(policyFile, policy(clock.now()));
  const loaded = loadSettings(
    {
      GEWE_BASE_URL: baseUrl,
      GEWE_TOKEN: TOKEN,
      GATEWAY_CLIENTS: clientsFile,
      GATEWAY_CONFIG: policyFile,
      STORE_URL: 'memory:',
      PORT: '0',
      OPS_PORT: '0',
      LIST_DEADLINE_MS: String(listDeadlineMs),
      SHUTDOWN_GRACE_MS: '0',
      LOG_LEVEL: 'silent',
    },
    folder,
  );
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  const gateway = await createGateway(loaded, { clock });
  const { url: gatewayUrl } = await gateway.start();
  server.on('request', createBackend({ gatewayUrl, gatewayKey, origin }));

  return {
    url: origin,
    gatewayUrl,
    gatewayKey,
    simulator,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await gateway.stop();
      await simulator.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A client that may hand out sessions, to a page of this origin. */
function clients(key: string, origin: string): string {
  const hash = createHash('sha256').update(key).digest('hex');
  return `clients:
  crm-web:
    keys: ['sha256:${hash}']
    appIds: ['wx_sales_*', 'wx_support_*']
    operations: ['read', 'addContacts']
    origins: ['${origin}']
    sessions: { maxSeconds: 3600 }
`;
}

/** One old account, one that is too young to add anybody, and one old account whose list is slow. */
function policy(now: number): string {
  const daysAgo = (days: number) => new Date(now - days * DAY_MS).toISOString();
  return `accounts:
  wx_sales_1: { onlineSince: '${daysAgo(30)}' }
  wx_sales_2: { onlineSince: '${daysAgo(2)}' }
  wx_support_1: { onlineSince: '${daysAgo(10)}' }
`;
}

/** wx_sales_1 has made-up friends with names; the list of wx_support_1 comes once, and from then on too late. */
function rehearse(simulator: Simulator): void {
  simulator.behave('wx_sales_1', [
    { operations: ['fetchContactsList'], raw: { body: JSON.stringify(friendsList) } },
    { operations: ['getBriefInfo'], raw: { body: JSON.stringify(peopleOf) } },
  ]);
  simulator.behave('wx_support_1', [
    { operations: ['fetchContactsList'], times: 1, friends: 320 },
    { operations: ['fetchContactsList'], delayMs: 60_000, friends: 321 },
    { operations: ['fetchContactsListCache'], cacheList: 'none' },
  ]);
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
