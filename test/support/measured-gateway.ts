import { MAIN, runGateway, type GatewayProcess } from './gateway-process.ts';
import { httpCall } from './http-client.ts';

/** The memory of a process after a garbage collection. */
export interface Holding {
  readonly heapBytes: number;
  /** Memory outside the heap, such as that of Buffers. */
  readonly outsideBytes: number;
  readonly residentBytes: number;
}

/** The open resources of a process. */
export interface Handles {
  readonly fds: number;
  /** Sockets, servers, pipes. */
  readonly handles: number;
  /** Handles, running timers, and pending operations of the system. */
  readonly resources: number;
}

export interface MeasuredGateway {
  readonly url: string;
  readonly process: GatewayProcess;
  /** The value of a metric without labels. Its name has no prefix. */
  metric(name: string): Promise<number>;
  holding(): Promise<Holding>;
  handles(): Promise<Handles>;
  end(): Promise<void>;
}

/** Twice, because memory freed by a finaliser is collected only then. */
const COLLECT = `
  let times = 0;
  process.on('SIGUSR2', async () => {
    gc();
    await new Promise((resolve) => setTimeout(resolve));
    gc();
    console.log('collected ' + ++times + '.');
  });`;

/** A gateway as a process whose memory can be measured without garbage. */
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
