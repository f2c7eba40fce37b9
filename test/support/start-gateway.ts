import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import supertest from 'supertest';
import { createGateway, type Gateway, type Overrides } from '../../src/gateway.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { holdAnswer, holdAnswersOf } from './documented-answers.ts';
import { emptyStore } from './engine.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const TOKEN = 'tok-4f9d1c7e5b2a';
export const KEY = 'gwk_test_key';

/**
 * An address on which nothing listens. A port that was free a moment ago could be used by another test now; this one
 * never is.
 */
export const DEAD_BASE_URL = 'http://127.0.0.1:1/v2/api';

/** The variables of every test gateway, in addition to `GEWE_BASE_URL`. */
export const LEAST_ENV = {
  GEWE_TOKEN: TOKEN,
  GATEWAY_KEYS: `test:${KEY}`,
  PORT: '0',
  OPS_PORT: '0',
  STORE_URL: 'memory:',
} as const;

export interface TestGateway {
  readonly gateway: Gateway;
  readonly url: string;
  readonly opsUrl: string;
  readonly simulator: Simulator;
  /** Every log line so far, parsed. */
  readonly log: readonly Record<string, unknown>[];
  readonly folder: string;
  readonly storeUrl: string;
  /** POST /contacts/<operation> with the key of the client `test`, which has all rights. */
  post(operation: string, body: unknown, headers?: Record<string, string>): supertest.Test;
  stop(): Promise<void>;
}

export interface TestGatewayOptions {
  /** Variables in addition to those of every test gateway; undefined removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The policy file's text. */
  readonly policy?: string;
  /** The clients file's text. */
  readonly clients?: string;
  readonly overrides?: Overrides;
  /** A shared simulator; by default the gateway gets its own, which stops with it. */
  readonly simulator?: Simulator;
  /** Whether its own simulator keeps connections open. If a kept one is reset, reads are repeated. Default true. */
  readonly keepsConnections?: boolean;
}

/**
 * A whole gateway on real sockets in front of a simulator, created as `gewe-gateway start` does, from variables and
 * files. Its store is empty, on the engine under test. Its list deadlines are long unless a test sets them, because a
 * short one would turn live lists into saved ones on a busy machine.
 */
export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const folder = await temporaryFolder();
  const simulator =
    options.simulator ??
    createSimulator({
      token: TOKEN,
      keepsConnections: options.keepsConnections ?? true,
    });
  const baseUrl = options.env?.['GEWE_BASE_URL'] ?? (await simulator.start()).baseUrl;
  const env: Record<string, string | undefined> = {
    ...LEAST_ENV,
    GEWE_BASE_URL: baseUrl,
    STORE_URL: emptyStore(folder.path),
    LOG_LEVEL: 'trace',
    LIST_DEADLINE_MS: '30000',
    LIST_CACHE_DEADLINE_MS: '30000',
    SHUTDOWN_GRACE_MS: '2000',
    ...options.env,
  };
  if (options.policy !== undefined) {
    env['GATEWAY_CONFIG'] = join(folder.path, 'policy.yaml');
    await writeFile(env['GATEWAY_CONFIG'], options.policy);
  }
  if (options.clients !== undefined) {
    env['GATEWAY_CLIENTS'] = join(folder.path, 'clients.yaml');
    await writeFile(env['GATEWAY_CLIENTS'], options.clients);
  }
  const loaded = loadSettings(env, folder.path);
  if ('problems' in loaded) {
    // A running simulator would keep the test runner from ending.
    if (options.simulator === undefined) await simulator.stop();
    await folder.remove();
    throw new Error(JSON.stringify(loaded.problems, null, 2));
  }

  const log: Record<string, unknown>[] = [];
  const gateway = await createGateway(loaded, {
    logTo: {
      write(lines) {
        log.push(...recordsOf(lines));
      },
    },
    ...options.overrides,
  });
  const { url, opsUrl } = await gateway.start();
  holdAnswersOf(url);

  return {
    gateway,
    url,
    opsUrl,
    simulator,
    get log() {
      gateway.flushLog();
      return log;
    },
    folder: folder.path,
    storeUrl: loaded.settings.storeUrl,
    post: (operation, body, headers = {}) =>
      supertest(url)
        .post(`/contacts/${operation}`)
        .set({ 'Content-Type': 'application/json', Authorization: `Bearer ${KEY}`, ...headers })
        .send(typeof body === 'string' ? body : JSON.stringify(body))
        .expect((answer) => holdSupertestAnswer(url, `/contacts/${operation}`, answer)),
    async stop() {
      await gateway.stop();
      if (options.simulator === undefined) await simulator.stop();
      await folder.remove();
    },
  };
}

/** Supertest has parsed the body, and keeps the bytes of text and JSON. */
function holdSupertestAnswer(url: string, path: string, answer: supertest.Response): void {
  const { status, headers, text } = answer;
  const decoded = { ...(headers as Record<string, string>), 'content-encoding': 'identity' };
  holdAnswer({
    url,
    method: 'POST',
    path,
    status,
    headers: decoded,
    body: Buffer.from(text ?? ''),
  });
}

/** The records that were written at once. */
function recordsOf(lines: string): Record<string, unknown>[] {
  const written = lines.trimEnd().split('\n');
  return written.map((line) => JSON.parse(line) as Record<string, unknown>);
}
