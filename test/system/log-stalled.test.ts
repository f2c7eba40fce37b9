/** A gateway as a process whose log goes into a pipe that is open but not read. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { budget } from '../support/budget.ts';
import { COMPILED, MAIN } from '../support/gateway-process.ts';
import { httpCall } from '../support/http-client.ts';
import { openRaw } from '../support/raw-client.ts';
import { LEAST_ENV } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The longest operation name and the longest id that are logged for a request without a key. */
const LONGEST = 'x'.repeat(128);
/** The number of requests: their log lines exceed the buffer and, in the long run, the memory of the process. */
const REQUESTS = budget(12_000, 200_000);
/** The number of requests sent together on each connection. */
const AT_ONCE = 50;
/** The limit for memory other than garbage. */
const HEAP_MB = 64;
/** The limit of resident memory: the heap with its young generation, and the program. */
const MOST_RESIDENT_BYTES = 250_000_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gateway: ChildProcessByStdio<null, Readable, null>;
let url: string;
let opsUrl: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  gateway = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, MAIN, 'start'], {
    cwd: folder.path,
    env: {
      ...LEAST_ENV,
      NODE_COMPILE_CACHE: COMPILED,
      GEWE_BASE_URL: 'http://127.0.0.1:9',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  gateway.stdout.setEncoding('utf8');
  [url, opsUrl] = await readAddresses();
});
afterEach(async () => {
  if (gateway.exitCode === null && gateway.signalCode === null) {
    gateway.kill('SIGKILL');
    await once(gateway, 'exit');
  }
  gateway.stdout.destroy();
  await folder.remove();
});

/** Reads the log up to the line with the addresses, and no further. */
async function readAddresses(): Promise<[string, string]> {
  let output = '';
  for (;;) {
    const [chunk] = (await once(gateway.stdout, 'data')) as [string];
    gateway.stdout.pause();
    output += chunk;
    const [, at, opsAt] = /listening on (http\S+), ops on (http[^"\s]+)/.exec(output) ?? [];
    if (at !== undefined && opsAt !== undefined) return [at, opsAt];
    gateway.stdout.resume();
  }
}

async function metric(name: string): Promise<number> {
  const { body } = await httpCall(opsUrl, { method: 'GET', path: '/metrics' });
  const [, value] = new RegExp(`^gewe_gateway_${name} (\\S+)$`, 'm').exec(body.toString()) ?? [];
  return Number(value);
}

/** Requests without a key, in sequence on a few connections; each makes a long log line. */
async function askWithoutKey(count: number): Promise<void> {
  const head = [`POST /contacts/${LONGEST} HTTP/1.1`, 'Host: a', `X-Request-Id: ${LONGEST}`];
  const request = `${head.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`;
  const each = Array.from({ length: 16 }, async () => {
    const caller = openRaw(url);
    for (let left = count / 16; left > 0; left -= AT_ONCE) {
      caller.socket.write(request.repeat(AT_ONCE));
      const answers = await caller.taken(AT_ONCE);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    }
    caller.socket.destroy();
  });
  await Promise.all(each);
}

test(
  'if nobody reads the log, lines are dropped, memory stays limited, and SIGTERM ends the process with 0',
  async () => {
    await askWithoutKey(REQUESTS);

    expect(await metric('process_resident_memory_bytes')).toBeLessThan(MOST_RESIDENT_BYTES);
    expect(await metric('log_lines_dropped_total')).toBeGreaterThan(0);
    expect((await httpCall(url, { method: 'GET', path: '/healthz' })).status).toBe(200);

    const ended = once(gateway, 'exit');
    gateway.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  },
  budget(600_000, 3_600_000),
);
