import { Agent, Client, request, type Dispatcher } from 'undici';
import { socketOptions, watchConnections, type Connecting } from './connection.ts';
import { afterAnother, outcomeOfError } from './failure.ts';
import { upstreamHeaders, upstreamUrl, type Trace } from './headers.ts';
import type { Outcome } from './outcome.ts';
import { readResponse } from './read-response.ts';

export interface OwnCall {
  /** What follows the base URL, such as `contacts/fetchContactsList`. */
  readonly path: string;
  readonly body: Buffer;
  readonly trace: Trace;
  /** For the whole answer, milliseconds. */
  readonly deadlineMs: number;
}

export interface Caller {
  /**
   * Never rejects: whatever happens is an Outcome. No redirect is followed. A call only asks: where a kept connection was
   * just being closed, it is sent once more.
   */
  call(call: OwnCall, token: string): Promise<Outcome>;
  /** Ends the calls under way. */
  close(): Promise<void>;
}

/** For all addresses together. */
const CONNECT_TIMEOUT_MS = 10_000;

/** The gateway's own calls: those that nobody may be waiting for. */
export function createCaller(
  baseUrl: URL,
  answerLimitBytes: number,
  version: string,
  connecting: Connecting = {},
): Caller {
  const options = {
    // undici's own timers are coarse and stop at silence; the deadline here covers a dripping answer too.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: CONNECT_TIMEOUT_MS, ...socketOptions(connecting, CONNECT_TIMEOUT_MS) },
    // Callers' requests go over HTTP/1.1 too: one way for an upstream to behave, and one call a connection.
    allowH2: false,
    keepAliveTimeout: 4_000,
  };
  const agent = new Agent(options);
  const connections = watchConnections();
  const closed = new AbortController();

  async function send(
    { path, body, trace }: OwnCall,
    token: string,
    signal: AbortSignal,
    dispatcher: Dispatcher,
  ): Promise<Outcome> {
    try {
      const response = await request(upstreamUrl(baseUrl, path), {
        method: 'POST',
        headers: upstreamHeaders(token, body, trace, version) as Record<string, string>,
        body,
        signal,
        dispatcher,
      });
      const head = {
        status: response.statusCode,
        contentType: joined(response.headers['content-type']),
        contentEncoding: joined(response.headers['content-encoding']),
      };
      return await readResponse(response.body, head, answerLimitBytes);
    } catch (cause) {
      return outcomeOfError(cause);
    }
  }

  return {
    async call(call, token) {
      const deadline = new AbortController();
      const timer = setTimeout(() => deadline.abort(), call.deadlineMs);
      const signal = AbortSignal.any([deadline.signal, closed.signal]);
      let outcome = await send(call, token, signal, agent);
      const isClosing = outcome.kind === 'unreachable' && connections.wasClosing(outcome.cause);
      if (isClosing && !signal.aborted) {
        const anew = new Client(baseUrl.origin, options);
        outcome = afterAnother(await send(call, token, signal, anew));
        await anew.destroy();
      }
      clearTimeout(timer);
      if (outcome.kind === 'answered') return outcome;
      if (deadline.signal.aborted) return { kind: 'timeout' };
      return closed.signal.aborted ? { kind: 'aborted', sent: true } : outcome;
    },
    async close() {
      closed.abort();
      connections.stop();
      await agent.destroy();
    },
  };
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
