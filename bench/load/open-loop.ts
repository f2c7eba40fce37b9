/**
 * Requests at a fixed rate, whether or not the earlier ones have been answered, as many independent callers send them. The time of
 * a request counts from the instant at which it was due: a server that falls behind cannot slow down the measurement, and so
 * cannot hide its delay. Started with an order as JSON in argv[2]; prints its report as JSON.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { OpenLoopOrder, OpenLoopReport } from './call-steadily.ts';
import { percentile } from '../report/stats.ts';

/** Short beside what is measured, and still leaves the core to the upstream, which shares it. */
const NAP_MS = 0.05;

interface Connection {
  /** Calls back with the status when the answer is complete. One request at a time. */
  send(onAnswer: (status: number) => void): void;
  close(): void;
}

async function run(order: OpenLoopOrder): Promise<OpenLoopReport> {
  const { perSecond, seconds } = order;
  const connections = await Promise.all(
    Array.from({ length: order.connections }, () => openConnection(order)),
  );
  const idle = [...connections];
  const due: number[] = [];
  const tookMs: number[] = [];
  const statuses: Record<string, number> = {};
  const total = Math.round(perSecond * seconds);

  function sendDue(): void {
    while (idle.length > 0 && due.length > 0) {
      const connection = idle.shift()!;
      const dueAt = due.shift()!;
      connection.send((status) => {
        tookMs.push(performance.now() - dueAt);
        statuses[status] = (statuses[status] ?? 0) + 1;
        idle.push(connection);
        sendDue();
      });
    }
  }

  const nap = new Int32Array(new SharedArrayBuffer(4));
  const startedAt = performance.now();
  let made = 0;
  while (tookMs.length < total) {
    const now = performance.now();
    for (; made < total; made += 1) {
      const dueAt = startedAt + (made * 1000) / perSecond;
      if (dueAt > now) break;
      due.push(dueAt);
    }
    sendDue();
    // Timers count in whole milliseconds.
    Atomics.wait(nap, 0, 0, NAP_MS);
    await new Promise(setImmediate);
  }
  for (const connection of connections) connection.close();
  return { statuses, p50Ms: percentile(tookMs, 0.5), p99Ms: percentile(tookMs, 0.99) };
}

async function openConnection({ url, headers, body }: OpenLoopOrder): Promise<Connection> {
  const { hostname, port, host, pathname } = new URL(url);
  const bytes = Buffer.from(body);
  const all = { host, ...headers, 'content-length': bytes.length };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const head = [`POST ${pathname} HTTP/1.1`, ...lines, '', ''].join('\r\n');
  const request = Buffer.concat([Buffer.from(head), bytes]);

  const socket = connect(Number(port), hostname).setNoDelay(true);
  await once(socket, 'connect');
  let received = Buffer.alloc(0);
  let answered: (status: number) => void = () => undefined;
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const status = completeStatus(received);
    if (status === undefined) return;
    received = Buffer.alloc(0);
    answered(status);
  });
  return {
    send(onAnswer) {
      answered = onAnswer;
      socket.write(request);
    },
    close: () => void socket.destroy(),
  };
}

/** The status of an answer whose bytes are all there. @throws Error if it has no Content-Length */
function completeStatus(received: Buffer): number | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = received.toString('latin1', 0, headEnd);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length === undefined) throw new Error(`An answer without Content-Length:\n${head}`);
  if (received.length < headEnd + 4 + Number(length)) return undefined;
  return Number(head.slice(9, 12));
}

process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '') as OpenLoopOrder)));
