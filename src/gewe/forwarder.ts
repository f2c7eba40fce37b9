import { Agent as HttpAgent, ServerResponse, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { createProxyMiddleware, proxyEventsPlugin } from 'http-proxy-middleware';
import { connectionOf, socketOptions, type Connecting, type Connection } from './connection.ts';
import { afterAnother, interimAnswer, neverSent, outcomeOfError } from './failure.ts';
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
  /** Whether it changes nothing, so that it may be sent again where a kept connection was just being closed. */
  readonly readsOnly: boolean;
}

export interface Forwarder {
  /**
   * Sends the caller's request on and reads the whole answer; answering the caller is left to others. Never
   * rejects, never follows. Turns `req.headers` and `req.url` into what the upstream gets.
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

/** One request on one connection. */
interface Attempt extends Pick<ForwardedCall, 'body' | 'deadlineMs' | 'freshConnection'> {
  /** Once it has one. */
  connection?: Connection;
  readonly outcome: Promise<Outcome>;
  settle(outcome: Outcome): void;
  /** Ends it if it still runs. */
  end(): void;
}

/**
 * The proxy. http-proxy-middleware moves the request; the answer is read here in full, because only a whole
 * answer can be told from a cut-off one, be searched for the token, and have its `ret` read.
 */
export function createForwarder(
  baseUrl: URL,
  answerLimitBytes: number,
  version: string,
  connecting: Connecting = {},
): Forwarder {
  // Idle sockets are dropped before a usual upstream drops them (5 s), or a request could meet a closing one.
  const agentOptions = { keepAlive: true, timeout: 4_000 };
  const agent =
    baseUrl.protocol === 'https:' ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  /** By the response that the library was given for it. */
  const attempts = new WeakMap<object, Attempt>();
  const closed = new AbortController();
  const fail = (cause: Error, _req: IncomingMessage, standIn: object) => {
    const attempt = attempts.get(standIn);
    const wasShakingHands = attempt?.connection?.isShakingHands() === true;
    attempt?.settle(wasShakingHands ? neverSent(cause) : outcomeOfError(cause));
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
    router: (_req, standIn, options) => {
      const attempt = attempts.get(standIn as ServerResponse);
      options.buffer = Readable.from([attempt?.body ?? Buffer.alloc(0)]);
      // Whatever is in here becomes part of the request's options, over TLS or not.
      options.ssl = socketOptions(connecting, attempt?.deadlineMs ?? Infinity);
      options.agent = attempt?.freshConnection === true ? false : agent;
      return baseUrl.origin;
    },
    on: {
      proxyReq: (proxyReq, _req, standIn) => {
        const attempt = attempts.get(standIn);
        if (attempt === undefined) return;
        const { socket, reusedSocket } = proxyReq;
        if (socket !== null) attempt.connection = connectionOf(socket, reusedSocket);
        proxyReq.once('upgrade', (_proxyRes, upgraded) => {
          upgraded.destroy();
          attempt.settle(interimAnswer('101 Switching Protocols'));
        });
        // Node ends the call without an event if what came is no answer to it.
        proxyReq.once('close', () => {
          if (attempts.has(standIn))
            attempt.settle({ kind: 'invalid', why: 'no answer to the request' });
        });
      },
      proxyRes: async (proxyRes, _req, standIn) => {
        const head = {
          status: proxyRes.statusCode ?? 0,
          contentType: proxyRes.headers['content-type'],
          contentEncoding: proxyRes.headers['content-encoding'],
        };
        const attempt = attempts.get(standIn);
        // The answer has begun: when it breaks off now, its reader says so, and the library's error counts no more.
        attempts.delete(standIn);
        attempt?.settle(await readResponse(proxyRes, head, answerLimitBytes));
      },
      error: fail,
      // What the library calls an error whose caller has left.
      econnreset: fail,
    },
  });

  function send(
    req: IncomingMessage,
    { body, deadlineMs, freshConnection }: ForwardedCall,
  ): Attempt {
    const { promise: outcome, resolve: settle } = Promise.withResolvers<Outcome>();
    // The library ties the call to the response that it is given: it would destroy the caller's connection on a
    // cut-off answer, and end an addContacts whose caller leaves. So it gets one of its own.
    const standIn = new ServerResponse(req);
    const end = () => void standIn.emit('close');
    const attempt: Attempt = { body, deadlineMs, freshConnection, outcome, settle, end };
    attempts.set(standIn, attempt);
    proxy(req, standIn).catch((cause: unknown) => fail(cause as Error, req, standIn));
    return attempt;
  }

  return {
    async forward(req, res, call, token) {
      if (!call.freshConnection) await whatCameUnasked();
      // A caller who left in the meantime, or while the token's file was read, will not be seen leaving again.
      const hasLeft = call.endsWithCaller && res.closed;
      if (closed.signal.aborted || hasLeft) return { kind: 'aborted', sent: false };
      req.headers = upstreamHeaders(token, call.body, call.trace, version) as typeof req.headers;
      req.url = upstreamUrl(baseUrl, call.path).pathname;

      const { promise: ended, resolve: end } = Promise.withResolvers<Outcome>();
      let attempt = send(req, call);
      const abort = () => end({ kind: 'aborted', sent: true });
      if (call.endsWithCaller) res.once('close', abort);
      closed.signal.addEventListener('abort', abort);
      const timer = setTimeout(() => end(overdue(attempt)), call.deadlineMs);

      let outcome = await Promise.race([ended, attempt.outcome]);
      const { connection } = attempt;
      if (call.readsOnly && outcome.kind === 'unreachable' && connection?.wasClosing() === true) {
        attempt.end();
        attempt = send(req, { ...call, freshConnection: true });
        outcome = afterAnother(await Promise.race([ended, attempt.outcome]));
      }

      clearTimeout(timer);
      res.off('close', abort);
      closed.signal.removeEventListener('abort', abort);
      attempt.end();
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
function overdue({ connection }: Attempt): Outcome {
  if (connection?.isMade() === true) return { kind: 'timeout' };
  return neverSent(new Error('No connection to the upstream within the deadline'));
}
