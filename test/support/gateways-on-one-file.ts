import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { runGateway, type GatewayProcess } from './gateway-process.ts';
import { httpCall } from './http-client.ts';
import { KEY, TOKEN } from './start-gateway.ts';

export interface RunningGateway {
  readonly process: GatewayProcess;
  readonly url: string;
  readonly opsUrl: string;
}

export interface GatewaysOnOneFile {
  readonly simulator: Simulator;
  /** Not started to the end: for one that may refuse to. `before` is what stands before its own command line. */
  run(before?: readonly string[]): GatewayProcess;
  start(): Promise<RunningGateway>;
  /** kill -9, until it is gone. */
  kill(gateway: RunningGateway): Promise<void>;
  stop(): Promise<void>;
}

/** Gateways as processes, one after the other on the same SQLite file, in front of a simulator that outlives them. */
export async function gatewaysOnOneFile(
  folder: string,
  file: string,
  policy: string,
): Promise<GatewaysOnOneFile> {
  const simulator = createSimulator({ token: TOKEN });
  const { baseUrl } = await simulator.start();
  await writeFile(join(folder, 'policy.yaml'), policy);
  const processes: GatewayProcess[] = [];
  const main = join(import.meta.dirname, '../../src/main.ts');

  function run(before: readonly string[] = []): GatewayProcess {
    const [program = process.execPath, ...rest] = [...before, process.execPath, main];
    const gateway = runGateway(['start'], {
      cwd: folder,
      command: [program, ...rest],
      env: {
        PATH: process.env['PATH'] ?? '',
        GEWE_BASE_URL: baseUrl,
        GEWE_TOKEN: TOKEN,
        GATEWAY_KEYS: `test:${KEY}`,
        GATEWAY_CONFIG: 'policy.yaml',
        STORE_URL: `sqlite:${file}`,
        PORT: '0',
        OPS_PORT: '0',
      },
    });
    processes.push(gateway);
    return gateway;
  }

  async function kill(gateway: { readonly process: GatewayProcess }): Promise<void> {
    gateway.process.kill('SIGKILL');
    await gateway.process.ended;
  }

  return {
    simulator,
    run,
    async start() {
      const gateway = run();
      return { process: gateway, ...(await gateway.listening()) };
    },
    kill,
    async stop() {
      await Promise.all(processes.map((gateway) => kill({ process: gateway })));
      await simulator.stop();
    },
  };
}

/** How often a quota of an account was charged, as the admin API tells. */
export async function chargedOf(
  { opsUrl }: Pick<RunningGateway, 'opsUrl'>,
  appId: string,
  quota: string,
): Promise<number> {
  const answer = await httpCall(opsUrl, { method: 'GET', path: `/admin/accounts/${appId}` });
  const { quotas } = answer.json() as {
    quotas?: { readonly name: string; readonly limit: number; readonly left: number }[];
  };
  const found = quotas?.find(({ name }) => name === quota);
  if (found === undefined) throw new Error(`No ${quota} of ${appId}: ${answer.body.toString()}`);
  return found.limit - found.left;
}

/** The status of /readyz on this listener, and the parts that it names. */
export async function readiness(url: string): Promise<{ status: number; notReady: unknown }> {
  const answer = await httpCall(url, { method: 'GET', path: '/readyz' });
  return { status: answer.status, notReady: answer.json()['notReady'] };
}
