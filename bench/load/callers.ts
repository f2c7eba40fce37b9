/**
 * A process that calls the gateway, so that the callers do not slow down what they measure. Started with an order as
 * JSON in argv[2]; prints its report as JSON.
 */
import { setTimeout } from 'node:timers/promises';
import type { Order, Report } from './call-all.ts';
import { openConnection, requestBytes, type Answer } from './connection.ts';

async function callAll(order: Order): Promise<Report> {
  const { url, headers, bodies, callers, spreadMs = 0 } = order;
  const target = { url, headers: { 'content-type': 'application/json', ...headers } };
  const statuses: Record<string, number> = {};
  const sources: Record<string, number> = {};
  const tookMs: number[] = [];

  async function call(index: number): Promise<void> {
    const request = requestBytes(target, bodies[index % bodies.length] ?? '{}');
    if (spreadMs > 0) await setTimeout((spreadMs * index) / callers);
    const startedAt = performance.now();
    const connection = await openConnection(target);
    const { status, head } = await new Promise<Answer>((resolve) => {
      connection.send(request, resolve);
    });
    tookMs.push(performance.now() - startedAt);
    connection.close();
    const source = String(/^x-gateway-source: *(\S+)/im.exec(head)?.[1]);
    statuses[status] = (statuses[status] ?? 0) + 1;
    sources[source] = (sources[source] ?? 0) + 1;
  }

  await Promise.all(Array.from({ length: callers }, (_, index) => call(index)));
  return { statuses, sources, tookMs };
}

process.stdout.write(JSON.stringify(await callAll(JSON.parse(process.argv[2] ?? '') as Order)));
