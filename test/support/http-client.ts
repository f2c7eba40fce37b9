import { Agent, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { holdAnswer } from './documented-answers.ts';
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
  /** The agent that provides its connection; by default a new connection for this call. */
  readonly agent?: Agent | undefined;
  /** When it aborts, the caller disconnects and the call rejects. By default it waits without a limit. */
  readonly signal?: AbortSignal;
}

/** The HTTP client of the tests: one request, and its response in bytes. It decodes nothing and follows no redirect. */
export function httpCall(url: string, call: HttpCall): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const { method = 'POST', path, headers = {}, body, agent = new Agent(), signal } = call;
  const outgoing = request(url, { method, path, headers, agent, signal }, (res) => {
    buffer(res)
      .then((bytes) => {
        const status = res.statusCode ?? 0;
        holdAnswer({ url, method, path, status, headers: res.headers, body: bytes });
        resolve({
          status,
          headers: res.headers,
          rawHeaders: res.rawHeaders,
          body: bytes,
          json: () => JSON.parse(bytes.toString()) as Record<string, unknown>,
        });
      }, reject)
      .catch(reject);
  });
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}

/** The headers of every valid request: the media type, and the key of the client `test`. */
export const GOOD_HEADERS = {
  'Content-Type': 'application/json',
  Authorization: `Bearer ${KEY}`,
} as const;

/** The same with GET. */
export function httpGet(url: string, path: string): Promise<HttpAnswer> {
  return httpCall(url, { method: 'GET', path });
}

/** A caller that has sent its request and can leave without waiting for the answer. */
export function callerWhoLeaves(url: string, call: HttpCall): { leave(): Promise<void> } {
  const leaving = new AbortController();
  const gone = httpCall(url, { ...call, signal: leaving.signal }).then(
    () => undefined,
    () => undefined,
  );
  return {
    leave() {
      leaving.abort();
      return gone;
    },
  };
}

/** The status of /readyz on this listener, and the parts that are not ready. */
export async function readiness(url: string): Promise<{ status: number; notReady: unknown }> {
  const answer = await httpGet(url, '/readyz');
  return { status: answer.status, notReady: answer.json()['notReady'] };
}
