import { once } from 'node:events';
import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createConnections, type RefusedUnread } from './connections.ts';
import { drain } from './drain.ts';
import { authorityOf, faultOf } from './framing.ts';

/** An HTTP server with the limits that all of ours have. */
export interface Listener {
  /** Resolves to its address once it accepts connections; rejects if it cannot use that address. */
  listen(port: number, host: string): Promise<string>;
  /**
   * Accepts no new connection. Requests on open ones are still served, each with the last response of its connection.
   * Idle connections are closed after `spareIdleMs`. Resolves when no connection is left.
   */
  drain(spareIdleMs: number): Promise<void>;
  /** Closes the connections that are left. */
  end(): void;
}

/** How long a caller may take, so that a slow one cannot keep a connection. All in milliseconds. */
interface Patience {
  /** From the connection, or the first byte of a later request, to the end of the headers. */
  readonly headersMs: number;
  /** The same to the end of the body. */
  readonly requestMs: number;
  /** How often these two are checked: a late connection is closed by so much later. */
  readonly checkEveryMs: number;
  /** Between a response and the next request. */
  readonly idleMs: number;
  /** While the caller takes no byte of its response. Checked at this interval, so it may take twice as long. */
  readonly unreadMs: number;
}

export const PATIENCE: Patience = {
  headersMs: 10_000,
  requestMs: 30_000,
  checkEveryMs: 2_000,
  idleMs: 65_000,
  unreadMs: 60_000,
};

/**
 * Connections that may wait to be accepted. Of a larger burst (511 by default) the system drops some, and their callers
 * try again only after a second. The system may allow less: net.core.somaxconn.
 */
const BACKLOG = 4096;

/** An Express app. It calls `unrouted` for a request that none of its steps could read. */
interface App {
  (req: IncomingMessage, res: ServerResponse, unrouted: () => void): void;
  /** The prototypes that it gives to requests and responses. */
  readonly request?: object;
  readonly response?: object;
}

/**
 * The same class, of objects that have the prototype from the start which Express would give them. To change it later is
 * slow, and slows down what is done with them.
 */
function withPrototype<Base extends new (...args: never[]) => object>(
  base: Base,
  prototype: object,
): Base {
  function Made(...args: unknown[]): object {
    return Reflect.construct(base, args, Made) as object;
  }
  Made.prototype = prototype;
  return Made as unknown as Base;
}

/**
 * @param onRefused called for requests that `app` never sees, so that they can be counted
 * @param requestIdOf the id under which `app` logs the request; undefined if it has not seen it
 */
export function createListener(
  app: App,
  onRefused: (refused: RefusedUnread) => void,
  patience: Patience = PATIENCE,
  requestIdOf: (res: ServerResponse) => string | undefined = () => undefined,
): Listener {
  const connections = createConnections(onRefused, requestIdOf);
  const server: Server = createServer({
    headersTimeout: patience.headersMs,
    requestTimeout: patience.requestMs,
    connectionsCheckingInterval: patience.checkEveryMs,
    keepAliveTimeout: patience.idleMs,
    // Node would refuse such a request without an id, and then serve the next one.
    requireHostHeader: false,
    shouldUpgradeCallback: connections.canReadAgain,
    ...(app.request && { IncomingMessage: withPrototype(IncomingMessage, app.request) }),
    ...(app.response && { ServerResponse: withPrototype(ServerResponse, app.response) }),
  });

  /** Requests that wait until the port is closed, in order. */
  let held: [IncomingMessage, ServerResponse][] | undefined;

  function serve(req: IncomingMessage, res: ServerResponse): void {
    // Before it is held: later requests on its connection depend on it.
    if (!connections.begin(req, res)) return;
    if (held !== undefined) held.push([req, res]);
    else answer(req, res);
  }

  function answer(req: IncomingMessage, res: ServerResponse): void {
    res.on('prefinish', onPrefinish);
    const fault = faultOf(req);
    if (fault !== undefined) return connections.refuse(res, fault);
    const authority = authorityOf(req.url ?? '');
    if (authority !== undefined) req.headers.host = authority;
    // Express does not route a target that is no URL.
    app(req, res, () => connections.refuse(res, 400));
  }

  function onPrefinish(this: ServerResponse): void {
    awaitReader(this, patience.unreadMs);
  }

  server.on('connection', connections.opened);
  server.on('request', serve);
  server.on('checkExpectation', serve);
  server.on('checkContinue', (req, res) => {
    // The body is asked for when the app begins to read it: a refusal comes without it (RFC 9110 section 10.1.1).
    req.once('resume', () => void (res.headersSent || res.writeContinue()));
    serve(req, res);
  });
  server.on('clientError', connections.broken);
  server.on('connect', (_req, socket) => connections.handedOver(socket, 405));
  server.on('upgrade', (req, socket, rest) => {
    // Before 24.9, Node emits this without asking `shouldUpgradeCallback`.
    if (!connections.canReadAgain(req)) return connections.handedOver(socket, 400);
    socket.unshift(Buffer.concat([withoutUpgrade(req), rest]));
    server.emit('connection', socket);
  });
  return {
    async listen(port, host) {
      server.listen({ port, host, backlog: BACKLOG });
      await once(server, 'listening');
      // From now on an error of a single connection must not end the process.
      server.on('error', () => undefined);
      const address = server.address() as AddressInfo;
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      return `http://${name}:${address.port}`;
    },
    async drain(spareIdleMs) {
      if (!server.listening) return;
      connections.endEach();
      held = [];
      const onPortClosed = () => {
        const waiting = held ?? [];
        held = undefined;
        for (const [req, res] of waiting) answer(req, res);
      };
      await drain({ server, closeIdle: connections.closeIdle, onPortClosed, spareIdleMs });
    },
    end() {
      connections.closeAll();
    },
  };
}

/**
 * Ends the connection if its caller does not read the response: it would be held for ever otherwise. Called when the
 * response is complete. Most are then with the system already, and nothing is left to wait for.
 */
function awaitReader(res: ServerResponse, unreadMs: number): void {
  const { socket } = res;
  if (!socket?.writableLength) return;
  res.setTimeout(unreadMs, () => res.destroy());
  // Before Node begins the next response of a pipeline, which would inherit the limit while it is still being made.
  res.prependOnceListener('finish', () => res.setTimeout(0));
  if (socket.isPaused()) return;
  // Any byte that comes, even of empty lines between requests, would count as a sign that the caller reads.
  socket.pause();
  res.once('finish', () => socket.resume());
}

/**
 * The head of a request without its Upgrade header, otherwise as it came. A server may ignore that header
 * (RFC 9110 section 7.8). Java's HttpClient asks for h2c with every request.
 *
 * If nobody takes over a connection, Node's parser does not continue behind such a request: it drops the bytes that came
 * in the same segment, and the responses to later requests would be taken for responses to these.
 */
function withoutUpgrade({
  method = '',
  url = '',
  httpVersion,
  rawHeaders,
}: Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders'>): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${rawHeaders[at + 1]}`);
  }
  // Node reads heads as Latin-1, so these are the original bytes.
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
