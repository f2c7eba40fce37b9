import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One HTTP server, with the bounds that every one of ours has. */
export interface Listener {
  /** Resolves to its address once it takes connections; rejects where it cannot have that address. */
  listen(port: number, host: string): Promise<string>;
  /** Takes no new connection. Resolves when the requests under way have been answered. */
  drain(): Promise<void>;
  /** Ends what is left. */
  end(): void;
}

/** How often connections that have become idle are closed while draining. */
const CLOSE_IDLE_EVERY_MS = 20;

export function createListener(app: RequestListener): Listener {
  const server: Server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000 },
    app,
  );
  return {
    async listen(port, host) {
      server.listen(port, host);
      await once(server, 'listening');
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
