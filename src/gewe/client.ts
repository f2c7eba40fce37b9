/** The one HTTP client that calls the upstream. */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Client, Pool, type Dispatcher } from 'undici';
import { Exchange, watchConnections } from './exchange.ts';
import { upstreamHeaders, upstreamPath, type Trace } from './headers.ts';
import { afterRetry, type Outcome } from './outcome.ts';

/** Something that closes, such as the response to a caller. */
export interface Closing {
  readonly closed: boolean;
  on(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

export interface UpstreamCall {
  /** What follows the base URL, such as `contacts/fetchContactsList`. */
  readonly path: string;
  readonly body: Buffer;
  readonly trace: Trace;
  /** For the whole answer, milliseconds. */
  readonly deadlineMs: number;
  /**
   * - `read` changes nothing. If the upstream was closing the connection just then, it is sent once more, on a new one.
   * - `write` is sent once.
   * - `charged` is sent once, and costs part of a quota: only connections that were used a moment ago are reused for
   *   it.
   */
  readonly kind: 'read' | 'write' | 'charged';
  /** The call ends when this closes. Without it, the call continues after its caller has left. */
  readonly caller?: Closing;
}

export interface UpstreamClient {
  /** Never rejects: whatever happens is an Outcome. Never follows a redirect. */
  call(call: UpstreamCall, token: string): Promise<Outcome>;
  /** Ends the calls under way. Later ones end before they are sent. */
  close(): Promise<void>;
}

/**
 * Most servers drop idle connections after 5 s or more. The gateway drops them earlier, so that no request meets a
 * closing one. Milliseconds.
 */
const KEEP_ALIVE_MS = 4_000;
/**
 * Only a server that restarts is likely to drop a connection this soon without announcing it. An attempt that meets such
 * a connection is lost, and stays charged. Milliseconds.
 */
const KEEP_ALIVE_FOR_CHARGED_MS = 500;

interface ClientParts {
  /** Everything before `/contacts`. */
  readonly geweBaseUrl: URL;
  readonly answerLimitBytes: number;
  /** The deadline of most calls, milliseconds. One of several addresses must not use it up. */
  readonly geweTimeoutMs: number;
  readonly connecting?: Connecting | undefined;
}

export function createClient(parts: ClientParts): UpstreamClient {
  const { geweBaseUrl, answerLimitBytes, geweTimeoutMs, connecting } = parts;
  const { origin } = geweBaseUrl;
  const root = upstreamPath(geweBaseUrl, '');
  const options = {
    // undici's own timers are coarse and only notice silence. `deadlineMs` also ends an answer that drips.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: connectOptions(geweTimeoutMs, connecting),
    allowH2: false,
  };
  const keepAlive = (ms: number) => ({ keepAliveTimeout: ms, keepAliveMaxTimeout: ms });
  const pool = new Pool(origin, { ...options, ...keepAlive(KEEP_ALIVE_MS) });
  const poolForCharged = new Pool(origin, { ...options, ...keepAlive(KEEP_ALIVE_FOR_CHARGED_MS) });
  const connections = watchConnections();
  /** Each ends a call under way. */
  const endings = new Set<() => void>();
  let closed = false;

  function send(
    dispatcher: Dispatcher,
    call: UpstreamCall,
    token: string,
    onOutcome: (outcome: Outcome, exchange: Exchange) => void,
  ): Exchange {
    const exchange = new Exchange(answerLimitBytes, connections, onOutcome);
    dispatcher.dispatch(
      {
        path: root + call.path,
        method: 'POST',
        headers: upstreamHeaders(token, call.trace),
        body: call.body,
      },
      exchange,
    );
    return exchange;
  }

  return {
    call(call, token) {
      const { kind, caller, deadlineMs } = call;
      if (closed || caller?.closed === true) {
        return Promise.resolve({ kind: 'aborted', sent: false });
      }
      return new Promise((resolve) => {
        let exchange: Exchange | undefined;
        const leave = () => exchange?.end('aborted');
        const timer = setTimeout(() => exchange?.end('timeout'), deadlineMs);
        caller?.on('close', leave);
        endings.add(leave);
        const finish = (outcome: Outcome) => {
          clearTimeout(timer);
          caller?.off('close', leave);
          endings.delete(leave);
          resolve(outcome);
        };
        const dispatcher = kind === 'charged' ? poolForCharged : pool;
        exchange = send(dispatcher, call, token, (outcome, first) => {
          if (kind !== 'read' || closed || !first.metClosingConnection()) return finish(outcome);
          const fresh = new Client(origin, options);
          exchange = send(fresh, call, token, (second) => {
            void fresh.destroy();
            finish(afterRetry(second));
          });
        });
      });
    },
    async close() {
      closed = true;
      // The pools do not know the connections of reads that were sent once more, and would make half an answer look cut off.
      for (const end of endings) end();
      await Promise.all([pool.destroy(), poolForCharged.destroy()]);
      connections.stop();
    },
  };
}

/** What a test changes about how connections are made. */
export interface Connecting {
  /** What turns the upstream's name into addresses. */
  readonly lookup?: LookupFunction;
  /** How long one of several addresses is tried before the next, milliseconds. */
  readonly addressTimeoutMs?: number;
}

/** For all addresses together. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * How long one of several addresses is tried. Node's default is 250 ms, and it does not come back to an address. This
 * leaves time to send a lost first packet again after a second (RFC 6298 section 2.1). If one address drops everything,
 * a list from the next one is still in time.
 */
const ADDRESS_TIMEOUT_MS = 1_500;

/** The `connect` options of undici. No address gets so long that the next one has no time left. */
export function connectOptions(
  shortestDeadlineMs: number,
  { lookup = systemLookup, addressTimeoutMs = ADDRESS_TIMEOUT_MS }: Connecting = {},
) {
  const timeoutMs = Math.ceil(Math.min(addressTimeoutMs, shortestDeadlineMs / 2));
  return { timeout: CONNECT_TIMEOUT_MS, lookup, autoSelectFamilyAttemptTimeout: timeoutMs };
}
