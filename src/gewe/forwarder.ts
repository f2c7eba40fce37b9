import { Agent as HttpAgent, ServerResponse, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { createProxyMiddleware, proxyEventsPlugin } from 'http-proxy-middleware';
import { neverSent, outcomeOfError } from './failure.ts';
import { upstreamHeaders, upstreamUrl, type Trace } from './headers.ts';
import type { Outcome } from './outcome.ts';
import { readResponse } from './read-response.ts';

export interface ForwardedCall {
  /** What follows the base URL, such as `contacts/search`. */
  readonly path: string;
  readonly body: Buffer;
  readonly trace: Trace;
  /** For the whole answer, milliseconds. */
  readonly deadlineMs: number;
  /** Whether the call ends when its caller leaves. */
  readonly endsWithCaller: boolean;
  /** A connection of its own, for a call that must not fail on an old one. */
  readonly freshConnection: boolean;
}

export interface Forwarder {
  /**
   * Sends the caller's request on and reads the whole answer; answering the caller is left to others. Never
   * rejects, never repeats, never follows. Turns `req.headers` and `req.url` into what the upstream gets.
   */
  forward(
    req: IncomingMessage,
    res: ServerResponse,
    call: ForwardedCall,
    token: string,
  ): Promise<Outcome>;
  /** Ends the calls under way; those that come later are ended before they are sent. */
  close(): void;
}

interface Exchange {
  /** Of the call under way, once it has one. */
  socket?: Socket;
  readonly body: Buffer;
  readonly freshConnection: boolean;
  settle(outcome: Outcome): void;
}

/**
 * The proxy. http-proxy-middleware moves the request; the answer is read here in full, because only a whole
 * answer can be told from a cut-off one, be searched for the token, and have its `ret` read.
 */
export function createForwarder(
  baseUrl: URL,
  answerLimitBytes: number,
  version: string,
): Forwarder {
  // Idle sockets are dropped before a usual upstream drops them (5 s), or a request could meet a closing one.
  const agentOptions = { keepAlive: true, timeout: 4_000 };
  const agent =
    baseUrl.protocol === 'https:' ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  const exchanges = new WeakMap<IncomingMessage, Exchange>();
  const closed = new AbortController();
  const fail = (cause: Error, req: IncomingMessage) => {
    const exchange = exchanges.get(req);
    exchange?.settle(isShakingHands(exchange) ? neverSent(cause) : outcomeOfError(cause));
  };

  const proxy = createProxyMiddleware({
    target: baseUrl.origin,
    changeOrigin: true,
    followRedirects: false,
    xfwd: false,
    selfHandleResponse: true,
    // The library's other plugins answer errors by themselves and write to the console.
    ejectPlugins: true,
    plugins: [proxyEventsPlugin],
    // The one hook where options are the request's own. The body was read before, so it is handed back here.
    router: (req, _res, options) => {
      const exchange = exchanges.get(req);
      options.buffer = Readable.from([exchange?.body ?? Buffer.alloc(0)]);
      options.agent = exchange?.freshConnection === true ? false : agent;
      return baseUrl.origin;
    },
    on: {
      proxyReq: (proxyReq, req) => {
        const exchange = exchanges.get(req);
        if (exchange === undefined) return;
        if (proxyReq.socket !== null) exchange.socket = proxyReq.socket;
        // An answer that is none, such as an unasked-for 101, ends the call without a word.
        proxyReq.once('close', () => {
          exchanges.get(req)?.settle({ kind: 'invalid', why: 'no answer to the request' });
        });
      },
      proxyRes: async (proxyRes, req) => {
        const head = {
          status: proxyRes.statusCode ?? 0,
          contentType: proxyRes.headers['content-type'],
          contentEncoding: proxyRes.headers['content-encoding'],
        };
        const exchange = exchanges.get(req);
        // The answer has begun: when it breaks off now, its reader says so, and the library's error counts no more.
        exchanges.delete(req);
        exchange?.settle(await readResponse(proxyRes, head, answerLimitBytes));
      },
      error: fail,
      // What the library calls an error whose caller has left.
      econnreset: fail,
    },
  });

  return {
    async forward(req, res, call, token) {
      if (!call.freshConnection) await whatCameUnasked();
      // A caller who left in the meantime, or while the token's file was read, will not be seen leaving again.
      const hasLeft = call.endsWithCaller && res.closed;
      if (closed.signal.aborted || hasLeft) return { kind: 'aborted', sent: false };
      const { promise, resolve: settle } = Promise.withResolvers<Outcome>();
      const exchange: Exchange = { ...call, settle };
      exchanges.set(req, exchange);
      req.headers = upstreamHeaders(token, call.body, call.trace, version) as typeof req.headers;
      req.url = upstreamUrl(baseUrl, call.path).pathname;

      // The library ties the call to the response that it is given: it would destroy the caller's connection on a
      // cut-off answer, and end an addContacts whose caller leaves. So it gets one of its own.
      const standIn = new ServerResponse(req);
      const abort = () => settle({ kind: 'aborted', sent: true });
      if (call.endsWithCaller) res.once('close', abort);
      closed.signal.addEventListener('abort', abort);
      const timer = setTimeout(() => settle(overdue(exchange)), call.deadlineMs);

      proxy(req, standIn).catch((cause: unknown) => fail(cause as Error, req));
      const outcome = await promise;

      clearTimeout(timer);
      res.off('close', abort);
      closed.signal.removeEventListener('abort', abort);
      // Ends the upstream call where it still runs.
      standIn.emit('close');
      return outcome;
    },
    close() {
      closed.abort();
      agent.destroy();
    },
  };
}

/**
 * Lets what the upstream wrote on idle connections be read, which ends them. HTTP/1.1 matches answers to requests by
 * nothing but their order (RFC 9112 section 9.2), so it would be taken for the answer to the next request. Node looks
 * while a connection is idle (CVE-2026-48931), but not at bytes that arrive in the same turn as that request; undici
 * waits so, too (GHSA-35p6-xmwp-9g52).
 */
function whatCameUnasked(): Promise<void> {
  return setImmediate();
}

/** The deadline has passed: with a connection that is still being made, the upstream provably has nothing. */
function overdue(exchange: Exchange): Outcome {
  const { socket } = exchange;
  const isConnected = socket !== undefined && !socket.connecting && !isShakingHands(exchange);
  if (isConnected) return { kind: 'timeout' };
  return neverSent(new Error('No connection to the upstream within the deadline'));
}

/**
 * Whether a TLS handshake is under way, or was when the call failed. Node writes nothing of a request before it is over,
 * which includes the check of the certificate.
 */
function isShakingHands({ socket }: Exchange): boolean {
  return ((socket ?? {}) as { secureConnecting?: boolean }).secureConnecting === true;
}
