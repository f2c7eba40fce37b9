import { Agent, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { KEY } from './start-gateway.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** The body as JSON. */
  json(): Record<string, unknown>;
}

export interface HttpCall {
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  /** Where its connection comes from, if not a new one for this call alone. */
  readonly agent?: Agent | undefined;
  /** After so long without an answer the caller gives up and this rejects. By default it waits for ever. */
  readonly timeoutMs?: number;
}

/** One request, its answer in bytes. */
export function httpCall(url: string, call: HttpCall): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const { method = 'POST', path, headers = {}, body, agent = new Agent(), timeoutMs } = call;
  const outgoing = request(url, { method, path, headers, agent }, (res) => {
    buffer(res).then((bytes) => {
      resolve({
        status: res.statusCode ?? 0,
        headers: res.headers,
        rawHeaders: res.rawHeaders,
        body: bytes,
        json: () => JSON.parse(bytes.toString()) as Record<string, unknown>,
      });
    }, reject);
  });
  outgoing.on('error', reject);
  if (timeoutMs !== undefined) {
    outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error('The answer took too long')));
  }
  outgoing.end(body);
  return promise;
}

/** What every good request has: the media type, and the key of the client `test`. */
export const GOOD_HEADERS = {
  'Content-Type': 'application/json',
  Authorization: `Bearer ${KEY}`,
} as const;
