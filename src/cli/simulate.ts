/** `gewe-gateway simulate`: runs the simulator until Ctrl-C. */
import { parseArgs } from 'node:util';
import { createSimulator } from '../simulator/simulator.ts';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Io } from './io.ts';
import { nextSignal } from './signals.ts';

type Request =
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

  --port    the port it listens on; 0 takes a free one (default 2531)
  --host    the address it listens on (default 127.0.0.1)
  --token   the X-GEWE-TOKEN it accepts (default simulator-token)
  --help    this text
`;

/**
 * Runs the simulator until SIGINT or SIGTERM.
 * @returns the exit code: 0; 1 if it could not listen; 64 for bad arguments
 */
export async function simulate(
  args: string[],
  { stdout, stderr, program }: Pick<Io, 'stdout' | 'stderr' | 'program'>,
): Promise<number> {
  let request: Request;
  try {
    request = read(args);
  } catch (error) {
    stderr.write(`simulate: ${messageOf(error)}\nTry: ${program} simulate --help\n`);
    return EXIT_USAGE;
  }
  if (request.kind === 'help') {
    stdout.write(help(program));
    return EXIT_OK;
  }

  const simulator = createSimulator({ token: request.token });
  let baseUrl: string;
  try {
    ({ baseUrl } = await simulator.start(request.port, request.host));
  } catch (error) {
    stderr.write(
      `simulate: cannot listen on ${request.host}:${request.port}: ${messageOf(error)}\n`,
    );
    return EXIT_FAILED;
  }
  const stopped = nextSignal();
  stdout.write(greeting(baseUrl, request.token));
  await stopped;
  await simulator.stop();
  return EXIT_OK;
}

function read(args: string[]): Request {
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
    throw new Error('--token must be ASCII without spaces, since it is sent in a header');
  }
  return { kind: 'serve', port: Number(port), host, token };
}

function greeting(baseUrl: string, token: string): string {
  const control = new URL('/simulator/behaviours/wx_demo', baseUrl).href;
  return `The simulated GEWE is running.
  GEWE_BASE_URL=${baseUrl}
  GEWE_TOKEN=${token}

Ask it for a list, then make that list slow:
  curl -X POST ${baseUrl}/contacts/fetchContactsList -H ${shellQuoted(`X-GEWE-TOKEN: ${token}`)} ${json({ appId: 'wx_demo' })}
  curl -X PUT ${control} ${json({ delayMs: 15_000, operations: ['fetchContactsList'] })}

Press Ctrl-C to stop.
`;
}

/** A body for curl, in double quotes, which cmd.exe accepts too. */
function json(body: object): string {
  return `-H "Content-Type: application/json" -d ${JSON.stringify(JSON.stringify(body))}`;
}

/** A token may contain a quote or a dollar sign. Only single quotes protect those from a POSIX shell. */
function shellQuoted(text: string): string {
  if (/^[\w:. -]*$/.test(text)) return `"${text}"`;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
