/** Processes: the servers on one core, the load and the upstream on the other. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, connect } from 'node:net';
import { cpus } from 'node:os';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';

/** Numbers of cores, as `taskset -c` reads them. */
export const CORES = { servers: '0', load: '1', all: `0-${cpus().length - 1}` } as const;
export type Core = keyof typeof CORES;

const READY_WITHIN_MS = 20_000;
const STOPPED_WITHIN_MS = 5000;

export interface Started {
  readonly pid: number;
  /** Milliseconds, as `performance.now()` counts. */
  readonly startedAt: number;
  /** Sends SIGTERM, after 5 s SIGKILL, and waits for the end. */
  stop(): Promise<void>;
}

/** Which of these programs are not on PATH. */
export function missing(programs: readonly string[]): readonly string[] {
  return programs.filter((program) => spawnSync('which', [program]).status !== 0);
}

/** Moves this process to a core. Its children start on the same one, unless they are given another. */
export function moveTo(core: Core): void {
  spawnSync('taskset', ['-acp', CORES[core], String(process.pid)]);
}

/** Starts a program whose output is discarded. */
export function start(
  [program, ...args]: readonly [string, ...string[]],
  options: { readonly core?: Core; readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Started {
  const { core, cwd, env = process.env } = options;
  const startedAt = performance.now();
  const child =
    core === undefined
      ? spawn(program, args, { cwd, env, stdio: 'ignore' })
      : spawn('taskset', ['-c', CORES[core], program, ...args], { cwd, env, stdio: 'ignore' });
  // taskset becomes the program, so that the process id is the program's.
  return { pid: child.pid ?? NaN, startedAt, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const patience = AbortSignal.timeout(STOPPED_WITHIN_MS);
  patience.addEventListener('abort', () => child.kill('SIGKILL'));
  await ended;
}

/** Stops processes in the reverse of the order in which they were started. */
export async function stopAll(started: readonly Started[]): Promise<void> {
  for (const one of started.toReversed()) await one.stop();
}

/** Runs a script with this Node and resolves to the JSON that it prints. */
export async function runScript<T>(script: URL, order: object): Promise<T> {
  return JSON.parse(await output([process.execPath, script.pathname, JSON.stringify(order)])) as T;
}

/** Runs a program and resolves to its output; rejects if it fails. */
export async function output(
  [program, ...args]: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}: ${out}`);
  return out;
}

/** A port of 127.0.0.1 that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves once something accepts connections on the port. */
export async function listening(port: number): Promise<void> {
  await eventually(`port ${port} is open`, async () => {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return true;
    } finally {
      socket.destroy();
    }
  });
}

/** Tries until the check resolves to true. @throws Error after 20 s */
export async function eventually(what: string, check: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + READY_WITHIN_MS;
  while (performance.now() < until) {
    if (await check().catch(() => false)) return;
    await setTimeout(5);
  }
  throw new Error(`Not within ${READY_WITHIN_MS} ms: ${what}`);
}
