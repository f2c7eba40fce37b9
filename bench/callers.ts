/**
 * A process of its own that calls the gateway, so that the callers do not slow down what they measure. Started with
 * an order as JSON in argv[2]; prints what came of it as JSON.
 */
import { setTimeout } from 'node:timers/promises';
import { Agent, request } from 'undici';

export interface Order {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** One body per caller; they go round where there are fewer. */
  readonly bodies: readonly string[];
  /** How many callers at once, each on its own connection. */
  readonly callers: number;
  /** How many requests each caller makes, one after the other. */
  readonly requestsEach: number;
  /** Over how long the callers arrive, milliseconds. */
  readonly spreadMs?: number;
}

export interface Report {
  readonly statuses: Readonly<Record<string, number>>;
  /** `X-Gateway-Source` of the answers. */
  readonly sources: Readonly<Record<string, number>>;
  /** From the request to the end of its answer, milliseconds, ascending. */
  readonly tookMs: readonly number[];
  readonly bytes: number;
  readonly allMs: number;
}

async function callAll(order: Order): Promise<Report> {
  const { url, headers, bodies, callers, requestsEach } = order;
  const dispatcher = new Agent({ connections: callers, headersTimeout: 0, bodyTimeout: 0 });
  const statuses: Record<string, number> = {};
  const sources: Record<string, number> = {};
  const tookMs: number[] = [];
  let bytes = 0;

  async function call(index: number): Promise<void> {
    await setTimeout(((order.spreadMs ?? 0) * index) / callers);
    for (let round = 0; round < requestsEach; round += 1) {
      const startedAt = performance.now();
      const answer = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: bodies[index % bodies.length] ?? '{}',
        dispatcher,
      });
      bytes += (await answer.body.arrayBuffer()).byteLength;
      tookMs.push(performance.now() - startedAt);
      const source = String(answer.headers['x-gateway-source']);
      statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
      sources[source] = (sources[source] ?? 0) + 1;
    }
  }

  const startedAt = performance.now();
  await Promise.all(Array.from({ length: callers }, (_, index) => call(index)));
  const allMs = performance.now() - startedAt;
  await dispatcher.close();
  return { statuses, sources, tookMs: tookMs.sort((a, b) => a - b), bytes, allMs };
}

if (process.argv[2] !== undefined) {
  const order = JSON.parse(process.argv[2]) as Order;
  process.stdout.write(JSON.stringify(await callAll(order)));
}
