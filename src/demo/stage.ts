import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway } from '../gateway.ts';
import { loadSettings } from '../settings/load.ts';
import { createSimulator, type Simulator } from '../simulator/simulator.ts';

export interface Stage {
  /** The addresses of the client listener and the ops listener. */
  readonly url: string;
  readonly opsUrl: string;
  readonly simulator: Simulator;
  close(): Promise<void>;
}

export const DEMO_KEY = 'demo-key';
export const DEMO_DEADLINE_MS = 1500;

const TOKEN = 'simulator-token';

/** No minute between two friend requests, so that the demo does not wait. Everything else is the default. */
const POLICY = 'addContacts: { add: { minimumGapSeconds: 0 } }\n';

/** Starts a gateway on SQLite in front of a simulator, both on free ports of this machine. */
export async function setStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'gewe-gateway-demo-'));
  const simulator = createSimulator({ token: TOKEN });
  const { baseUrl } = await simulator.start();
  const policyFile = join(folder, 'gateway.yaml');
  await writeFile(policyFile, POLICY);
  const loaded = loadSettings(
    {
      GEWE_BASE_URL: baseUrl,
      GEWE_TOKEN: TOKEN,
      GATEWAY_KEYS: `demo:${DEMO_KEY}`,
      GATEWAY_CONFIG: policyFile,
      STORE_URL: `sqlite:${join(folder, 'gateway.db')}`,
      PORT: '0',
      OPS_PORT: '0',
      LIST_DEADLINE_MS: String(DEMO_DEADLINE_MS),
      LOG_LEVEL: 'silent',
    },
    folder,
  );
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  const gateway = await createGateway(loaded);
  const { url, opsUrl } = await gateway.start();
  return {
    url,
    opsUrl,
    simulator,
    async close() {
      await gateway.stop();
      await simulator.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A response as its caller sees it. */
export interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly ret?: number;
    readonly code?: string;
    readonly retryAt?: string;
    readonly data?: { readonly friends?: readonly string[] };
  };
  /** How long the caller waited, milliseconds. */
  readonly tookMs: number;
}

/** A caller of the stage's gateway. */
export interface Visitor {
  post(operation: string, body: object, headers?: Record<string, string>): Promise<Seen>;
  /** Declares at the ops listener since when an account has been online. */
  declare(appId: string, onlineSince: Date): Promise<Seen>;
}

export function createVisitor({ url, opsUrl }: Pick<Stage, 'url' | 'opsUrl'>): Visitor {
  async function see(
    method: 'POST' | 'PUT',
    address: string,
    headers: Record<string, string>,
    body: object,
  ): Promise<Seen> {
    const startedAt = performance.now();
    const answer = await fetch(address, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const seen = (await answer.json()) as Seen['body'];
    const tookMs = Math.round(performance.now() - startedAt);
    return { status: answer.status, headers: answer.headers, body: seen, tookMs };
  }

  return {
    post: (operation, body, headers = {}) =>
      see('POST', `${url}/contacts/${operation}`, { 'x-api-key': DEMO_KEY, ...headers }, body),
    declare: (appId, onlineSince) =>
      see(
        'PUT',
        `${opsUrl}/admin/accounts/${appId}`,
        { origin: opsUrl },
        { onlineSince: onlineSince.toISOString() },
      ),
  };
}
