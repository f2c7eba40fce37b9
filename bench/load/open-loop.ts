/**
 * Requests at a fixed rate, whether or not the earlier ones have been answered, as many independent callers send them. The time of
 * a request counts from the instant at which it was due: a server that falls behind cannot slow down the measurement, and so
 * cannot hide its delay. Started with an order as JSON in argv[2]; prints its report as JSON.
 */
import { percentile } from '../report/stats.ts';
import type { OpenLoopOrder, OpenLoopReport } from './call-steadily.ts';
import { openConnection, requestBytes } from './connection.ts';

/** Short beside what is measured, and still leaves the core to the upstream, which shares it. */
const NAP_MS = 0.05;

async function run(order: OpenLoopOrder): Promise<OpenLoopReport> {
  const { perSecond, seconds } = order;
  const connections = await Promise.all(
    Array.from({ length: order.connections }, () => openConnection(order)),
  );
  const request = requestBytes(order, order.body);
  const idle = [...connections];
  const due: number[] = [];
  const tookMs: number[] = [];
  const statuses: Record<string, number> = {};
  const total = Math.round(perSecond * seconds);

  function sendDue(): void {
    while (idle.length > 0 && due.length > 0) {
      const connection = idle.shift()!;
      const dueAt = due.shift()!;
      connection.send(request, ({ status }) => {
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

process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '') as OpenLoopOrder)));
