/** A body with each byte in its own chunk, which takes six times as many bytes on the wire. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runGateway, type GatewayProcess } from '../support/gateway-process.ts';
import { openRaw } from '../support/raw-client.ts';
import { DEAD_BASE_URL, KEY, TOKEN } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { chunked } from './corpus/requests.ts';

const CALLERS = 4;
const LIMIT = 250_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gateway: GatewayProcess;
beforeAll(async () => {
  folder = await temporaryFolder();
  gateway = runGateway(['start'], {
    cwd: folder.path,
    env: {
      GEWE_BASE_URL: DEAD_BASE_URL,
      GEWE_TOKEN: TOKEN,
      GATEWAY_KEYS: `test:${KEY}`,
      STORE_URL: 'memory:',
      BODY_LIMIT_BYTES: String(LIMIT),
      PORT: '0',
      OPS_PORT: '0',
    },
  });
});
afterAll(async () => {
  gateway.kill('SIGKILL');
  await gateway.ended;
  await folder.remove();
});

/** The peak memory of a process, including memory freed since. Only Linux reports it. */
async function peakBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  'costs its bytes in memory, not an object for each, and is refused at the limit',
  async () => {
    const { url } = await gateway.listening();
    const before = await peakBytes(gateway.pid);

    const callers = Array.from({ length: CALLERS }, () => openRaw(url));
    for (const { socket } of callers) socket.write(chunked('1\r\nx\r\n'.repeat(LIMIT + 1)));
    const answers = await Promise.all(callers.map((caller) => caller.answered(1)));
    const grown = (await peakBytes(gateway.pid)) - before;
    for (const { socket } of callers) socket.destroy();

    expect(answers.map(([answer]) => answer?.status)).toEqual(Array(CALLERS).fill(413));
    expect(grown / (CALLERS * LIMIT)).toBeLessThan(120);
  },
);
