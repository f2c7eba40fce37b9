/** A gateway as a process of its own, whose log goes into a pipe that somebody holds open and does not read. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { budget } from '../support/budget.ts';
import { MAIN } from '../support/gateway-process.ts';
import { httpCall } from '../support/http-call.ts';
import { KEY, TOKEN } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What a caller without a key can have written down of one request: the longest path that Node's parser takes. */
const LINE_CHARACTERS = 15_000;
const REQUESTS = budget(5500, 50_000);
/** For all that is not garbage. The lines of so many requests would be more, and so the end of the process. */
const HEAP_MB = 64;
/** As the system sees it: the heap, what is young in it, and the program. */
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
      GEWE_BASE_URL: 'http://127.0.0.1:9',
      GEWE_TOKEN: TOKEN,
      GATEWAY_KEYS: `test:${KEY}`,
      STORE_URL: 'memory:',
      PORT: '0',
      OPS_PORT: '0',
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

/** Requests without a key, a few at a time, each of which is a long line of the log. */
async function askWithoutKey(count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const path = `/contacts/${'x'.repeat(LINE_CHARACTERS)}`;
  let left = count;
  const caller = async () => {
    while (left-- > 0) {
      const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
      request(url, { method: 'POST', path, agent }, (res) => {
        res.resume().once('end', () => resolve(res.statusCode));
      })
        .on('error', reject)
        .end();
      expect(await promise).toBe(401);
    }
  };
  await Promise.all(Array.from({ length: 16 }, caller));
  agent.destroy();
}

test(
  'a log that nobody reads does not fill the memory, and SIGTERM ends the process with 0 all the same',
  async () => {
    await askWithoutKey(REQUESTS);

    expect(await metric('process_resident_memory_bytes')).toBeLessThan(MOST_RESIDENT_BYTES);
    expect(await metric('log_lines_dropped_total')).toBeGreaterThan(REQUESTS / 2);
    expect((await httpCall(url, { method: 'GET', path: '/healthz' })).status).toBe(200);

    const ended = once(gateway, 'exit');
    gateway.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  },
  budget(60_000, 300_000),
);

test('once somebody reads again, the log tells how many lines it has lost, and its end is in it', async () => {
  await askWithoutKey(500);
  const dropped = await metric('log_lines_dropped_total');
  expect(dropped).toBeGreaterThan(0);

  let log = '';
  gateway.stdout.on('data', (chunk: string) => (log += chunk)).resume();
  // It tells with the next line that finds room.
  while (!log.includes('"dropped":')) await askWithoutKey(1);
  const closed = once(gateway, 'close');
  gateway.kill('SIGTERM');

  expect(await closed).toEqual([0, null]);
  const lines = log.trimEnd().split('\n');
  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const gap = told.find((line) => line['dropped'] !== undefined);
  expect(gap).toMatchObject({ level: 'warn' });
  expect(Number(gap?.['dropped'])).toBeGreaterThanOrEqual(dropped);
  expect(told.at(-1)).toMatchObject({ msg: 'stopped' });
});
