import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createGateway } from '../src/gateway.ts';
import { loadSettings } from '../src/settings/load.ts';
import { createSimulator, type Simulator } from '../src/simulator/simulator.ts';
import type { Order, Report } from './callers.ts';

export const KEY = 'bench-key';
const TOKEN = 'bench-token';

/** Runs a script of this folder as a process of its own; resolves to the JSON that it prints. */
export async function run<T>(script: string, ...args: (string | number)[]): Promise<T> {
  const path = new URL(script, import.meta.url).pathname;
  const child = spawn(process.execPath, [path, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`${script} ended with ${String(code)}`);
  return JSON.parse(out) as T;
}

export function callersOf(order: Order): Promise<Report> {
  return run('callers.ts', JSON.stringify(order));
}

export interface Bench {
  readonly url: string;
  readonly simulator: Simulator;
  close(): Promise<void>;
}

/** A gateway on SQLite in front of the simulator. */
export async function openBench(env: Record<string, string> = {}): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'gewe-gateway-bench-'));
  const simulator = createSimulator({ token: TOKEN });
  const { baseUrl } = await simulator.start();
  const policyFile = join(folder, 'gateway.yaml');
  // A bench calls more in a minute than a client may.
  await writeFile(policyFile, 'clientRate: { requestsPerMinute: 10000000 }\n');
  const loaded = loadSettings(
    {
      GEWE_BASE_URL: baseUrl,
      GEWE_TOKEN: TOKEN,
      GATEWAY_KEYS: `bench:${KEY}`,
      GATEWAY_CONFIG: policyFile,
      STORE_URL: `sqlite:${join(folder, 'gateway.db')}`,
      PORT: '0',
      OPS_PORT: '0',
      LOG_LEVEL: 'silent',
      SHUTDOWN_GRACE_MS: '0',
      ...env,
    },
    folder,
  );
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  const gateway = await createGateway(loaded);
  const { url } = await gateway.start();
  return {
    url,
    simulator,
    async close() {
      await gateway.stop();
      await simulator.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What a measurement must have done before its figures count. */
export function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`Not so: ${what}`);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

export function say(line: string): void {
  console.log(line);
}
