import type { Server } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { within } from '../time.ts';

interface Draining {
  readonly server: Server;
  /** All that are open. */
  readonly connections: ReadonlySet<Socket>;
  readonly isIdle: (socket: Socket) => boolean;
  /** Hears that no more connections come: requests that were held back until then can go on. */
  readonly onPortClosed: () => void;
  /** How long those without a request are left alone, milliseconds: their callers may just be sending one. */
  readonly spareIdleMs: number;
}

/** How often connections that have become idle are closed after that. */
const CLOSE_IDLE_EVERY_MS = 20;

/** Between a look for new connections and the closing. In a longer one some may have come. */
const QUIET_MS = 0.2;
/** Where so many come that it is never quiet, they are not taken for longer than this. */
const TAKE_WAITING_MS = 1000;

/** Takes no new connection. Resolves when there is none left. Requests have to be held back until the port is closed. */
export async function drain(draining: Draining): Promise<void> {
  const { server, connections, isIdle, onPortClosed, spareIdleMs } = draining;
  await takeWaiting(server);
  const closed = new Promise<void>((resolve) => {
    // An HTTP server's own close() ends idle connections with it.
    NetServer.prototype.close.call(server, () => resolve());
  });
  onPortClosed();
  await within(closed, spareIdleMs);
  const closeIdle = () => {
    for (const socket of connections) if (isIdle(socket)) socket.destroy();
  };
  // An immediate comes right after sockets have been read: what lies in one already is a request and no idle connection.
  const timer = setInterval(() => setImmediate(closeIdle), CLOSE_IDLE_EVERY_MS);
  await closed;
  clearInterval(timer);
  // What is left of the HTTP server: its looking for slow callers.
  server.close();
}

/**
 * Lets the server see the connections that the system has taken for it already: closed now, they would be reset. Those
 * that come between the last look and the closing still are, so a look counts only if the closing follows at once. Node
 * takes one each time that it looks: with requests served in between, more would come than it takes.
 */
async function takeWaiting(server: Server): Promise<void> {
  // Node looks between two immediates, but not always before the first.
  await nextTurn();
  let cameAt = performance.now();
  const giveUpAt = cameAt + TAKE_WAITING_MS;
  const onConnection = () => (cameAt = performance.now());
  server.on('connection', onConnection);
  for (;;) {
    const lookedAt = performance.now();
    await nextTurn();
    const now = performance.now();
    if (now > giveUpAt || (cameAt < lookedAt && now - lookedAt < QUIET_MS)) break;
  }
  server.off('connection', onConnection);
}
