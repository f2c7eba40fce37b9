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
  /** The simulator behind the gateways; it keeps running when they end. */
  readonly simulator: Simulator;
  /** Their working directory. */
  readonly folder: string;
  /** Runs `gewe-gateway start` without waiting, for a process that may refuse to start. */
  run(env?: Readonly<Record<string, string>>, command?: readonly string[]): GatewayProcess;
  /** The same, but waits until it listens. */
  start(
    env?: Readonly<Record<string, string>>,
    command?: readonly string[],
  ): Promise<RunningGateway>;
  /** kill -9; resolves when the process has ended. */
  kill(gateway: Pick<RunningGateway, 'process'>): Promise<void>;
  /** Kills the remaining processes. */
  stop(): Promise<void>;
}

/**
 * Gateways as processes in one folder, with the same settings, in front of one simulator.
 *
 * @param folder a folder that is kept after they end, if a test needs one
 * @param policy the text of the policy file
 * @param env variables in addition to those of every test gateway
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
