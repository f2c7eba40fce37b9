import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** One HTTP server, with the bounds that every one of ours has. */
export interface Listener {
  /** Resolves to its address once it takes connections; rejects where it cannot have that address. */
  listen(port: number, host: string): Promise<string>;
  /** Takes no new connection. Resolves when the requests under way have been answered. */
  drain(): Promise<void>;
  /** Ends what is left. */
  end(): void;
}

/**
 * Connections that may wait to be taken. Of a burst beyond this (511 by default) the system drops some, and their
 * callers try again only after a second. The system may allow less: net.core.somaxconn.
 */
const BACKLOG = 4096;

/** How often connections that have become idle are closed while draining. */
const CLOSE_IDLE_EVERY_MS = 20;

/** An Express app: it calls back for a request that none of its steps could even look at. */
type App = (req: IncomingMessage, res: ServerResponse, unrouted: () => void) => void;

export function createListener(app: App): Listener {
  const server: Server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 2_000,
      keepAliveTimeout: 65_000,
    },
    // A target that is no URL, such as `http://[`, is not routed by Express.
    (req, res) => app(req, res, () => refuseUnreadable({ name: '', message: '' }, req.socket)),
  );
  server.on('clientError', refuseUnreadable);
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
    async drain() {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      // close() leaves connections that become idle later open until their keep-alive ends.
      const timer = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
      await closed;
      clearInterval(timer);
    },
    end: () => server.closeAllConnections(),
  };
}

const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** What is not HTTP never becomes a request; its sender gets an id to ask about all the same, and no second try. */
function refuseUnreadable({ code = '' }: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || code === 'ECONNRESET') return void socket.destroy();
  const status = STATUS_OF[code] ?? 400;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `X-Request-Id: ${randomUUID()}`,
    'Content-Length: 0',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n`, () => void socket.destroy());
}
