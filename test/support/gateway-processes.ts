import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { MAIN, runGateway, type GatewayProcess } from './gateway-process.ts';
import { LEAST_ENV, TOKEN } from './start-gateway.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface RunningGateway {
  readonly process: GatewayProcess;
  readonly url: string;
  readonly opsUrl: string;
}

export interface GatewayProcesses {
  /** In front of which they run; it outlives them. */
  readonly simulator: Simulator;
  /** In which they run. */
  readonly folder: string;
  /** `gewe-gateway start`, not waited for: for one that may refuse to. */
  run(env?: Readonly<Record<string, string>>, command?: readonly string[]): GatewayProcess;
  /** The same, once it listens. */
  start(
    env?: Readonly<Record<string, string>>,
    command?: readonly string[],
  ): Promise<RunningGateway>;
  /** kill -9, until it is gone. */
  kill(gateway: Pick<RunningGateway, 'process'>): Promise<void>;
  /** Kills those that are left. */
  stop(): Promise<void>;
}

/**
 * Gateways as processes in one folder, with the same settings, in front of one simulator.
 *
 * @param folder one that outlives them, if a test wants to
 * @param policy the policy file's text
 * @param env variables beside those of every gateway of a test
 */
export async function gatewayProcesses({
  folder,
  policy = '',
  env = {},
}: {
  folder?: string;
  policy?: string;
  env?: Readonly<Record<string, string>>;
}): Promise<GatewayProcesses> {
  const own = await temporaryFolder();
  const cwd = folder ?? own.path;
  const simulator = createSimulator({ token: TOKEN });
  const { baseUrl } = await simulator.start();
  await writeFile(join(cwd, 'policy.yaml'), policy);
  const processes: GatewayProcess[] = [];
  const settings = {
    PATH: process.env['PATH'] ?? '',
    ...LEAST_ENV,
    GEWE_BASE_URL: baseUrl,
    GATEWAY_CONFIG: 'policy.yaml',
    ...env,
  };

  const run: GatewayProcesses['run'] = (more = {}, before = [process.execPath]) => {
    const [program = process.execPath, ...rest] = before;
    const gateway = runGateway(['start'], {
      cwd,
      env: { ...settings, ...more },
      command: [program, ...rest, MAIN],
    });
    processes.push(gateway);
    return gateway;
  };

  const kill: GatewayProcesses['kill'] = async (gateway) => {
    gateway.process.kill('SIGKILL');
    await gateway.process.ended;
  };

  return {
    simulator,
    folder: cwd,
    run,
    async start(...how) {
      const gateway = run(...how);
      return { process: gateway, ...(await gateway.listening()) };
    },
    kill,
    async stop() {
      await Promise.all(processes.map((gateway) => kill({ process: gateway })));
      await simulator.stop();
      await own.remove();
    },
  };
}
