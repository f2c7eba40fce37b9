/**
 * A process that calls the gateway, so that the callers do not slow down what they measure. Started with an order as
 * JSON in argv[2]; prints its report as JSON.
 */
import { setTimeout } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Order, Report } from './call-all.ts';

async function callAll(order: Order): Promise<Report> {
  const { url, headers, bodies, callers, spreadMs = 0 } = order;
  const dispatcher = new Agent({ connections: callers, headersTimeout: 0, bodyTimeout: 0 });
  const statuses: Record<string, number> = {};
  const sources: Record<string, number> = {};
  const tookMs: number[] = [];

  async function call(index: number): Promise<void> {
    await setTimeout((spreadMs * index) / callers);
    const startedAt = performance.now();
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: bodies[index % bodies.length] ?? '{}',
      dispatcher,
    });
    await answer.body.arrayBuffer();
    tookMs.push(performance.now() - startedAt);
    const source = String(answer.headers['x-gateway-source']);
    statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
    sources[source] = (sources[source] ?? 0) + 1;
  }

  await Promise.all(Array.from({ length: callers }, (_, index) => call(index)));
  await dispatcher.close();
  return { statuses, sources, tookMs };
}

process.stdout.write(JSON.stringify(await callAll(JSON.parse(process.argv[2] ?? '') as Order)));
