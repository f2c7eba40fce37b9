import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { drain } from './drain.ts';
import { createExchanges, type RefusedUnread } from './exchanges.ts';
import { authorityOf, faultOf } from './framing.ts';
import { withoutUpgrade } from './upgrade.ts';

/** One HTTP server, with the bounds that every one of ours has. */
export interface Listener {
  /** Resolves to its address once it takes connections; rejects where it cannot have that address. */
  listen(port: number, host: string): Promise<string>;
  /**
   * Takes no new connection. What comes on those that there are is still served, and each answer is the last of its
   * connection; idle ones are closed after `spareIdleMs`. Resolves when there is no connection left.
   */
  drain(spareIdleMs: number): Promise<void>;
  /** Ends what is left. */
  end(): void;
}

/** How long a caller may take for what, so that a slow one cannot keep a connection. All in milliseconds. */
interface Patience {
  /** From the connection, or the first byte of a later request, to the end of the headers. */
  readonly headersMs: number;
  /** The same to the end of the body. */
  readonly requestMs: number;
  /** How often these two are looked at: what is late is ended by so much later. */
  readonly checkEveryMs: number;
  /** Between an answer and the next request. */
  readonly idleMs: number;
  /** Without a byte of its answer taken: then nobody is reading. Looked at so often, so it may take twice as long. */
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
 * Connections that may wait to be taken. Of a burst beyond this (511 by default) the system drops some, and their
 * callers try again only after a second. The system may allow less: net.core.somaxconn.
 */
const BACKLOG = 4096;

/** An Express app: it calls back for a request that none of its steps could even look at. */
type App = (req: IncomingMessage, res: ServerResponse, unrouted: () => void) => void;

/**
 * @param onRefused hears of what `app` never sees, so that it can be counted
 * @param requestIdOf the id under which `app` logs the request; undefined if it has not seen that
 */
export function createListener(
  app: App,
  onRefused: (refused: RefusedUnread) => void,
  patience: Patience = PATIENCE,
  requestIdOf: (res: ServerResponse) => string | undefined = () => undefined,
): Listener {
  const server: Server = createServer({
    headersTimeout: patience.headersMs,
    requestTimeout: patience.requestMs,
    connectionsCheckingInterval: patience.checkEveryMs,
    keepAliveTimeout: patience.idleMs,
    // Node would refuse it without an id, and then serve what comes after it.
    requireHostHeader: false,
    shouldUpgradeCallback: (req) => exchanges.canReadAnew(req),
  });
  const exchanges = createExchanges(onRefused, requestIdOf);
  const connections = new Set<Socket>();

  /** Requests that wait until the port is closed, in order. */
  let held: [IncomingMessage, ServerResponse][] | undefined;

  function serve(req: IncomingMessage, res: ServerResponse): void {
    // Before it is held: what comes behind it has to know that it is there.
    if (!exchanges.begin(req, res)) return;
    if (held !== undefined) held.push([req, res]);
    else answer(req, res);
  }

  function answer(req: IncomingMessage, res: ServerResponse): void {
    res.once('prefinish', () => awaitReader(res, patience.unreadMs));
    const fault = faultOf(req);
    if (fault !== undefined) return exchanges.refuse(res, fault);
    req.headers.host = authorityOf(req.url ?? '') ?? req.headers.host;
    // A target that is no URL is not routed by Express.
    app(req, res, () => exchanges.refuse(res, 400));
  }

  server.on('connection', (socket) => {
    if (connections.has(socket)) return;
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  server.on('request', serve);
  server.on('checkExpectation', serve);
  server.on('checkContinue', (req, res) => {
    // The body is asked for when somebody begins to read it: a refusal comes without it (RFC 9110 section 10.1.1).
    req.once('resume', () => void (res.headersSent || res.writeContinue()));
    serve(req, res);
  });
  server.on('clientError', exchanges.broken);
  server.on('connect', (_req, socket) => exchanges.handedOver(socket, 405));
  server.on('upgrade', (req, socket, rest) => {
    // Before 24.9 Node does not ask whether it should hand it over.
    if (!exchanges.canReadAnew(req)) return exchanges.handedOver(socket, 400);
    socket.unshift(Buffer.concat([withoutUpgrade(req), rest]));
    server.emit('connection', socket);
  });
  return {
    async listen(port, host) {
      server.listen({ port, host, backlog: BACKLOG });
      await once(server, 'listening');
      // What goes wrong with a single connection from now on must not end the process.
      server.on('error', () => undefined);
      const address = server.address() as AddressInfo;
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      return `http://${name}:${address.port}`;
    },
    async drain(spareIdleMs) {
      if (!server.listening) return;
      exchanges.endEach(connections);
      held = [];
      const onPortClosed = () => {
        const waiting = held ?? [];
        held = undefined;
        for (const [req, res] of waiting) answer(req, res);
      };
      await drain({ server, connections, isIdle: exchanges.isIdle, onPortClosed, spareIdleMs });
    },
    end() {
      for (const socket of connections) socket.destroy();
    },
  };
}

/** Ends the connection where nobody takes the answer, which would be held for ever otherwise. */
function awaitReader(res: ServerResponse, unreadMs: number): void {
  res.setTimeout(unreadMs, () => res.destroy());
  // Before Node turns to the next answer of a pipeline: it would inherit the bound while it is still being made.
  res.prependOnceListener('finish', () => res.setTimeout(0));
  const { socket } = res;
  if (!socket?.writableLength || socket.isPaused()) return;
  // Whatever comes, even empty lines between requests, would count as a sign that somebody reads.
  socket.pause();
  res.once('finish', () => socket.resume());
}
