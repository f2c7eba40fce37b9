/**
 * A process that asks for saved lists. Started with an order as JSON in argv[2]; prints its report as JSON. Fails if an
 * answer is not the saved list.
 */
import { brotliDecompressSync } from 'node:zlib';
import { Agent, request } from 'undici';
import { addressBook, appIdOf } from './address-books.ts';

/** Coprime to the numbers of accounts that are used, so that each is asked for before one comes again. */
const STEP = 7919;

export interface ListOrder {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** How many accounts the requests go round. */
  readonly accounts: number;
  /** The number of the first request. */
  readonly from: number;
  /** How many requests, of all callers together. */
  readonly requests: number;
  /** How many callers at once, each on its own connection. */
  readonly callers: number;
  /** The expected `X-Gateway-Source`. */
  readonly source: string;
  /** Compares every byte, between the requests. Leave it out if that would keep other callers waiting. */
  readonly compare?: boolean;
}

export interface ListReport {
  /** From the request to the end of its answer, milliseconds. */
  readonly tookMs: readonly number[];
  readonly bytes: number;
}

async function callAll(order: ListOrder): Promise<ListReport> {
  const dispatcher = new Agent({ connections: order.callers, headersTimeout: 0, bodyTimeout: 0 });
  const tookMs: number[] = [];
  let bytes = 0;
  let next = order.from;

  async function call(account: number): Promise<void> {
    const startedAt = performance.now();
    const { statusCode, headers, body } = await request(order.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...order.headers },
      body: JSON.stringify({ appId: appIdOf(account) }),
      dispatcher,
    });
    const received = Buffer.from(await body.arrayBuffer());
    tookMs.push(performance.now() - startedAt);
    bytes += received.length;
    const source = String(headers['x-gateway-source']);
    if (statusCode !== 200 || source !== order.source) {
      throw new Error(`${appIdOf(account)}: ${statusCode} from ${source}`);
    }
    if (order.compare !== true) return;
    const list = headers['content-encoding'] === 'br' ? brotliDecompressSync(received) : received;
    if (!list.equals(addressBook(account))) throw new Error(`${appIdOf(account)}: other bytes`);
  }

  async function callRepeatedly(): Promise<void> {
    while (next < order.from + order.requests) await call((STEP * next++) % order.accounts);
  }

  await Promise.all(Array.from({ length: order.callers }, callRepeatedly));
  await dispatcher.close();
  return { tookMs, bytes };
}

process.stdout.write(JSON.stringify(await callAll(JSON.parse(process.argv[2] ?? '') as ListOrder)));
