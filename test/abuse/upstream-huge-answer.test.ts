/**
 * An upstream that sends far more than ANSWER_LIMIT_BYTES: the response is cut off at the limit and invalid, and memory
 * stays limited.
 */
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { addBody, REJECT } from '../support/add-contacts.ts';
import { budget } from '../support/budget.ts';
import { runGateway, type GatewayProcess } from '../support/gateway-process.ts';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { GOOD_LIST, startRawUpstream, type RawUpstream } from '../support/raw-upstream.ts';
import { LEAST_ENV } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MIB = 1024 * 1024;
const HUGE = 200 * MIB;
/** The default ANSWER_LIMIT_BYTES. */
const LIMIT = 32 * MIB;
/** What may be buffered between two processes beyond what one of them has read. */
const IN_BUFFERS = 16 * MIB;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let upstream: RawUpstream;
let gateway: GatewayProcess;
let url: string;
let opsUrl: string;
/** The number of bytes that were read of each huge response, one for each connection. */
let taken: Promise<number>[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  upstream = await startRawUpstream();
  gateway = runGateway(['start'], {
    cwd: folder.path,
    env: {
      ...LEAST_ENV,
      GEWE_BASE_URL: upstream.baseUrl,
      // However long that takes, no other request is sent meanwhile.
      GEWE_TIMEOUT_MS: '600000',
      LIST_DEADLINE_MS: '600000',
      LIST_CACHE_DEADLINE_MS: '600000',
      LIST_HARD_LIMIT_MS: '600000',
      LIST_POLL_MS: '600000',
    },
  });
  ({ url, opsUrl } = await gateway.listening());
});
afterAll(async () => {
  gateway.kill('SIGKILL');
  await gateway.ended;
  await upstream.stop();
  await folder.remove();
});

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const FILL = 'x'.repeat(65_536);

/** 200 MiB of one JSON text, written as fast as it is read and never held in memory. */
function pourText(socket: Socket): void {
  socket.write(`${HEAD}Content-Length: ${HUGE}\r\n\r\n{"ret":200,"msg":"`);
  pour(socket, FILL);
}

function pourChunks(socket: Socket): void {
  socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n12\r\n{"ret":200,"msg":"\r\n`);
  pour(socket, `10000\r\n${FILL}\r\n`);
}

function pour(socket: Socket, piece: string): void {
  taken.push(new Promise((resolve) => socket.once('close', () => resolve(socket.bytesWritten))));
  const more = () => {
    while (socket.bytesWritten + socket.writableLength < HUGE && socket.writable) {
      if (!socket.write(piece)) return;
    }
    socket.end();
  };
  socket.on('drain', more);
  more();
}

const call = (operation: string, appId: string) =>
  httpCall(url, {
    path: `/contacts/${operation}`,
    headers: GOOD_HEADERS,
    body: JSON.stringify(addBody(appId, 'v3_ann', REJECT)),
  });

/** Resident memory of the gateway's process, in bytes. */
async function memory(): Promise<number> {
  const metrics = await httpCall(opsUrl, { method: 'GET', path: '/metrics' });
  const line = /^gewe_gateway_process_resident_memory_bytes (\d+)$/m;
  return Number(line.exec(metrics.body.toString())?.[1]);
}

test.each([
  ['of a known length', pourText],
  ['in chunks', pourChunks],
])(
  'a response of 200 MB %s is cut off at the limit and treated as invalid',
  async (what, manner) => {
    const accounts = ['search', 'cache', 'add', 'none', 'saved'].map(
      (name) => `wx_${name}_${what.length}`,
    );
    const [search = '', cache = '', add = '', none = '', saved = ''] = accounts;
    await call('fetchContactsList', saved);
    const before = await memory();
    taken = [];
    for (const appId of accounts) upstream.behave(appId, manner);

    for (let round = 0; round < budget(1, 20); round++) {
      const [ofSearch, ofCache, ofAdd, ofNone, ofSaved] = await Promise.all([
        call('search', search),
        call('fetchContactsListCache', cache),
        call('addContacts', add),
        call('fetchContactsList', none),
        call('fetchContactsList', saved),
      ]);

      for (const answer of [ofSearch, ofCache, ofAdd]) {
        expect([answer.status, answer.json()['code']]).toEqual([502, 'upstream-invalid']);
        expect(answer.json()['detail']).toContain(`more than ${LIMIT} bytes`);
      }
      expect([ofNone.status, ofNone.json()['code']]).toEqual([502, 'upstream-unreachable']);
      expect([ofSaved.headers['x-gateway-source'], ofSaved.body.toString()]).toEqual([
        'saved',
        GOOD_LIST,
      ]);
    }

    // Five responses at a time, and a sixth from GEWE's cache for the list that is not saved.
    expect(taken).toHaveLength(6 * budget(1, 20));
    for (const bytes of await Promise.all(taken)) expect(bytes).toBeLessThan(LIMIT + IN_BUFFERS);
    expect((await memory()) - before).toBeLessThan(6 * LIMIT + 150 * MIB);
  },
  600_000,
);

test('a response just below the limit is delivered whole', async () => {
  const body = `{"ret":200,"msg":"${'x'.repeat(LIMIT - 20)}"}`;
  upstream.behave('wx_large', (socket) => {
    socket.end(`${HEAD}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
  });

  const answer = await call('search', 'wx_large');

  expect(answer.status).toBe(200);
  expect(answer.body.equals(Buffer.from(body))).toBe(true);
});
