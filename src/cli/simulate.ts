/** `gewe-gateway simulate`: the simulator in a terminal of its own, until Ctrl-C. */
import { parseArgs } from 'node:util';
import { createSimulator } from '../simulator/simulator.ts';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Io } from './io.ts';
import { nextSignal } from './signals.ts';

type Order =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'serve';
      readonly port: number;
      readonly host: string;
      readonly token: string;
    };

const help = (
  program: string,
) => `Usage: ${program} simulate [--port 2531] [--host 127.0.0.1] [--token simulator-token]

Serves a simulated GEWE until Ctrl-C.

  --port    where it listens; 0 takes a free port (default 2531)
  --host    the address it listens on (default 127.0.0.1)
  --token   the X-GEWE-TOKEN it accepts (default simulator-token)
  --help    this text
`;

/**
 * Runs the simulator until SIGINT or SIGTERM.
 * @returns The exit code: 0, 1 where it could not listen, 64 for bad arguments.
 */
export async function simulate(
  args: string[],
  { stdout, stderr, program }: Pick<Io, 'stdout' | 'stderr' | 'program'>,
): Promise<number> {
  let order: Order;
  try {
    order = read(args);
  } catch (error) {
    stderr.write(`simulate: ${messageOf(error)}\nTry: ${program} simulate --help\n`);
    return EXIT_USAGE;
  }
  if (order.kind === 'help') {
    stdout.write(help(program));
    return EXIT_OK;
  }

  const simulator = createSimulator({ token: order.token });
  let baseUrl: string;
  try {
    ({ baseUrl } = await simulator.start(order.port, order.host));
  } catch (error) {
    stderr.write(`simulate: cannot listen on ${order.host}:${order.port}: ${messageOf(error)}\n`);
    return EXIT_FAILED;
  }
  const stopped = nextSignal();
  stdout.write(greeting(baseUrl, order.token));
  await stopped;
  await simulator.stop();
  return EXIT_OK;
}

function read(args: string[]): Order {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '2531' },
      host: { type: 'string', default: '127.0.0.1' },
      token: { type: 'string', default: 'simulator-token' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { port, host, token, help } = values;
  if (help) return { kind: 'help' };
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new Error(`--port must be a number from 0 to 65535, got "${port}"`);
  }
  if (host.trim() === '') throw new Error('--host must not be empty');
  if (!/^[!-~]+$/.test(token)) {
    throw new Error('--token must be ASCII without spaces, as it stands in a header');
  }
  return { kind: 'serve', port: Number(port), host, token };
}

function greeting(baseUrl: string, token: string): string {
  const control = new URL('/simulator/behaviours/wx_demo', baseUrl).href;
  return `The simulated GEWE listens.
  GEWE_BASE_URL=${baseUrl}
  GEWE_TOKEN=${token}

Ask it for a list, then make that list slow:
  curl -X POST ${baseUrl}/contacts/fetchContactsList -H ${shellQuoted(`X-GEWE-TOKEN: ${token}`)} ${json({ appId: 'wx_demo' })}
  curl -X PUT ${control} ${json({ delayMs: 15_000, operations: ['fetchContactsList'] })}

Ctrl-C ends it.
`;
}

/** A body, in the double quotes that cmd.exe reads too. */
function json(body: object): string {
  return `-H "Content-Type: application/json" -d ${JSON.stringify(JSON.stringify(body))}`;
}

/** A token may hold a quote or a dollar sign, which only single quotes keep from a POSIX shell. */
function shellQuoted(text: string): string {
  if (/^[\w:. -]*$/.test(text)) return `"${text}"`;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
