import { Agent, request } from 'undici';
import { outcomeOfError } from './failure.ts';
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
  /** Never rejects: whatever happens is an Outcome. No call is repeated here and no redirect followed. */
  call(call: OwnCall, token: string): Promise<Outcome>;
  /** Ends the calls under way. */
  close(): Promise<void>;
}

/** The gateway's own calls: those that nobody may be waiting for. */
export function createCaller(baseUrl: URL, answerLimitBytes: number, version: string): Caller {
  const dispatcher = new Agent({
    // undici's own timers are coarse and stop at silence; the deadline here covers a dripping answer too.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: 10_000 },
    // Callers' requests go over HTTP/1.1 too: one way for an upstream to behave, and one call a connection.
    allowH2: false,
    keepAliveTimeout: 4_000,
  });
  const closed = new AbortController();

  return {
    async call({ path, body, trace, deadlineMs }, token) {
      const deadline = new AbortController();
      const timer = setTimeout(() => deadline.abort(), deadlineMs);
      let outcome: Outcome;
      try {
        const response = await request(upstreamUrl(baseUrl, path), {
          method: 'POST',
          headers: upstreamHeaders(token, body, trace, version) as Record<string, string>,
          body,
          signal: AbortSignal.any([deadline.signal, closed.signal]),
          dispatcher,
        });
        const head = {
          status: response.statusCode,
          contentType: joined(response.headers['content-type']),
          contentEncoding: joined(response.headers['content-encoding']),
        };
        outcome = await readResponse(response.body, head, answerLimitBytes);
      } catch (cause) {
        outcome = outcomeOfError(cause);
      } finally {
        clearTimeout(timer);
      }
      if (outcome.kind === 'answered') return outcome;
      if (deadline.signal.aborted) return { kind: 'timeout' };
      return closed.signal.aborted ? { kind: 'aborted', sent: true } : outcome;
    },
    async close() {
      closed.abort();
      await dispatcher.destroy();
    },
  };
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
