import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { MAIN, runGateway, type GatewayProcess } from './gateway-process.ts';
import { startRedis, type RedisUnderTest } from './redis-server.ts';
import { KEY, TOKEN } from './start-gateway.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface ServingProcess {
  readonly process: GatewayProcess;
  readonly url: string;
  readonly opsUrl: string;
}

export interface GatewayProcesses {
  readonly simulator: Simulator;
  readonly redis: RedisUnderTest;
  /** @param skewMs by how much the machine's clock is wrong for this one */
  start(env?: Readonly<Record<string, string>>, skewMs?: number): Promise<ServingProcess>;
  stop(): Promise<void>;
}

const SKEWED_TIME = fileURLToPath(new URL('./skewed-time.ts', import.meta.url));

/** Gateways as processes of their own, on one Redis, in front of one upstream. */
export async function gatewayProcesses(policy: string): Promise<GatewayProcesses> {
  const folder = await temporaryFolder();
  await writeFile(join(folder.path, 'policy.yaml'), policy);
  const redis = await startRedis();
  const simulator = createSimulator({ token: TOKEN });
  const { baseUrl } = await simulator.start();
  const processes: GatewayProcess[] = [];

  return {
    simulator,
    redis,
    async start(env = {}, skewMs = 0) {
      const process = runGateway(['start'], {
        cwd: folder.path,
        command: [globalThis.process.execPath, '--import', SKEWED_TIME, MAIN],
        env: {
          GEWE_BASE_URL: baseUrl,
          GEWE_TOKEN: TOKEN,
          GATEWAY_KEYS: `test:${KEY}`,
          GATEWAY_CONFIG: 'policy.yaml',
          STORE_URL: redis.url,
          PORT: '0',
          OPS_PORT: '0',
          SKEW_MS: String(skewMs),
          ...env,
        },
      });
      processes.push(process);
      return { process, ...(await process.listening()) };
    },
    async stop() {
      for (const one of processes) one.kill('SIGKILL');
      await Promise.all(processes.map(({ ended }) => ended));
      await simulator.stop();
      await redis.stop();
      await folder.remove();
    },
  };
}
