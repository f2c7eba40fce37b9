/** A gateway as a separate process, and thousands of idle connections. */
import { execFileSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { budget, isLong } from '../support/budget.ts';
import { eventually } from '../support/eventually.ts';
import { MAIN, runGateway, type GatewayProcess } from '../support/gateway-process.ts';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { KEY, TOKEN } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The limit of this process and of those that it starts; some descriptors are reserved for other uses. */
const descriptors = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' })) || 65_536;
const MOST = Math.min(budget(2000, 10_000), descriptors - 500);
/** The memory that a connection may need in the gateway: socket, parser and its entry in the list of timeouts. */
const BYTES_EACH = 40_000;

let simulator: Simulator;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gateway: GatewayProcess;
let sockets: Socket[];

beforeEach(async () => {
  sockets = [];
  folder = await temporaryFolder();
  simulator = createSimulator({ token: TOKEN });
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  gateway.kill('SIGKILL');
  await gateway.ended;
  await simulator.stop();
  await folder.remove();
});

async function start(command?: readonly [string, ...string[]]) {
  gateway = runGateway(['start'], {
    cwd: folder.path,
    env: {
      GEWE_BASE_URL: (await simulator.start()).baseUrl,
      GEWE_TOKEN: TOKEN,
      GATEWAY_KEYS: `test:${KEY}`,
      STORE_URL: 'memory:',
      PORT: '0',
      OPS_PORT: '0',
    },
    ...(command === undefined ? {} : { command }),
  });
  return gateway.listening();
}

/** Opens this many connections, 200 at a time. Resolves when each was opened or refused. */
async function open(url: string, count: number, greet = ''): Promise<void> {
  const { hostname, port } = new URL(url);
  for (let opened = 0; opened < count; opened += 200) {
    const batch = Array.from({ length: Math.min(200, count - opened) }, () => {
      const socket = connect(Number(port), hostname);
      sockets.push(socket.on('error', () => undefined));
      socket.resume();
      return new Promise<void>((resolve) => {
        socket.once('connect', () =>
          greet === '' ? resolve() : socket.write(greet, () => resolve()),
        );
        socket.once('close', () => resolve());
      });
    });
    await Promise.all(batch);
  }
}

function closed(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => void socket.once('close', () => resolve()));
}

async function served(url: string): Promise<number> {
  const body = '{"appId":"wx_a"}';
  const answer = await httpCall(url, { path: '/contacts/search', headers: GOOD_HEADERS, body });
  return answer.status;
}

async function residentBytes(opsUrl: string): Promise<number> {
  const { body } = await httpCall(opsUrl, { method: 'GET', path: '/metrics' });
  return Number(/^gewe_gateway_process_resident_memory_bytes (\S+)/m.exec(body.toString())?.[1]);
}

test(`${MOST} idle connections take little memory, and other callers are served meanwhile`, async () => {
  expect(MOST).toBeGreaterThanOrEqual(1000);
  const { url, opsUrl } = await start();
  expect(await served(url)).toBe(200);
  const before = await residentBytes(opsUrl);

  // Half of them never send anything, half of them have been answered.
  await open(url, MOST / 2);
  await open(url, MOST / 2, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');

  expect(await served(url)).toBe(200);
  const growth = (await residentBytes(opsUrl)) - before;
  expect(growth / MOST).toBeLessThan(BYTES_EACH);

  if (!isLong) return;
  // Half of them are closed by the timeout for headers; the others may stay for the keep-alive timeout.
  await Promise.all(sockets.slice(0, MOST / 2).map(closed));
  expect(await served(url)).toBe(200);
}, 600_000);

test('more connections than file descriptors are rejected, and the gateway keeps serving', async () => {
  const limited = [
    '/bin/sh',
    '-c',
    'ulimit -n 200; exec "$0" "$@"',
    process.execPath,
    MAIN,
  ] as const;
  const { url } = await start(limited);

  await open(url, 500);
  const { promise: turnedAway, resolve } = Promise.withResolvers<void>();
  let left = 300;
  for (const socket of sockets) void closed(socket).then(() => --left === 0 && resolve());
  await turnedAway;
  for (const socket of sockets) socket.destroy();

  const isServed = async () => (await served(url).catch(() => undefined)) === 200;
  expect(await eventually(isServed)).toBe(true);
});
