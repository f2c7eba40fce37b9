import { MAIN, runGateway, type GatewayProcess } from './gateway-process.ts';
import { httpCall } from './http-client.ts';

/** What a process holds, once its garbage has been collected. */
export interface Holding {
  readonly heapBytes: number;
  /** Outside of the heap, such as what Buffers hold. */
  readonly outsideBytes: number;
  readonly residentBytes: number;
}

/** What a process has open. */
export interface Handles {
  readonly fds: number;
  /** Sockets, servers, pipes. */
  readonly handles: number;
  /** Those, running timers, and what waits for the system. */
  readonly resources: number;
}

export interface MeasuredGateway {
  readonly url: string;
  readonly process: GatewayProcess;
  /** The value of a metric without labels, its name without the prefix. */
  metric(name: string): Promise<number>;
  holding(): Promise<Holding>;
  handles(): Promise<Handles>;
  end(): Promise<void>;
}

/** Twice, since what a finaliser lets go of is garbage only then. */
const COLLECT = `
  let times = 0;
  process.on('SIGUSR2', async () => {
    gc();
    await new Promise((resolve) => setTimeout(resolve));
    gc();
    console.log('collected ' + ++times + '.');
  });`;

/** A gateway in a process of its own, whose memory can be read without the garbage in it. */
export async function startMeasuredGateway(
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<MeasuredGateway> {
  const preload = `data:text/javascript,${encodeURIComponent(COLLECT)}`;
  const process_ = runGateway(['start'], {
    cwd,
    env: { PORT: '0', OPS_PORT: '0', ...env },
    command: [process.execPath, '--expose-gc', '--import', preload, MAIN],
  });
  const { url, opsUrl } = await process_.listening();
  let collected = 0;

  async function metrics(): Promise<(name: string) => number> {
    const answer = await httpCall(opsUrl, { method: 'GET', path: '/metrics' });
    const text = answer.body.toString();
    return (name) => Number(new RegExp(`^gewe_gateway_${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  return {
    url,
    process: process_,
    metric: async (name) => (await metrics())(name),
    async holding() {
      process_.kill('SIGUSR2');
      await process_.printed(new RegExp(`collected ${(collected += 1)}\\.`));
      const value = await metrics();
      return {
        heapBytes: value('nodejs_heap_size_used_bytes'),
        outsideBytes: value('nodejs_external_memory_bytes'),
        residentBytes: value('process_resident_memory_bytes'),
      };
    },
    async handles() {
      const value = await metrics();
      return {
        fds: value('process_open_fds'),
        handles: value('nodejs_active_handles_total'),
        resources: value('nodejs_active_resources_total'),
      };
    },
    async end() {
      process_.kill('SIGKILL');
      await process_.ended;
    },
  };
}
