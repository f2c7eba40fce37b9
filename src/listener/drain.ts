import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { within } from '../time.ts';

interface Draining {
  readonly server: Server;
  /** Closes the connections on which nothing is under way. */
  readonly closeIdle: () => void;
  /** Called when no more connections can come: requests that were held back until then can be served. */
  readonly onPortClosed: () => void;
  /** How long idle connections stay open, milliseconds: their callers may be about to send a request. */
  readonly spareIdleMs: number;
}

/** How often idle connections are closed after that. */
const CLOSE_IDLE_EVERY_MS = 20;

/** Between the last check for new connections and the closing. In a longer time some may have come. */
const QUIET_MS = 0.2;
/** If connections come so fast that it is never quiet, they are accepted for this long and no longer. */
const TAKE_WAITING_MS = 1000;

/** Accepts no new connection. Resolves when none is left. The caller must hold requests back until the port is closed. */
export async function drain(draining: Draining): Promise<void> {
  const { server, closeIdle, onPortClosed, spareIdleMs } = draining;
  await takeWaiting(server);
  const closed = new Promise<void>((resolve) => {
    // An HTTP server's own close() also closes idle connections.
    NetServer.prototype.close.call(server, () => resolve());
  });
  onPortClosed();
  await within(closed, spareIdleMs);
  // An immediate runs right after sockets have been read: a connection that is idle then has no request in its socket.
  const timer = setInterval(() => setImmediate(closeIdle), CLOSE_IDLE_EVERY_MS);
  await closed;
  clearInterval(timer);
  // Ends what is left of the HTTP server: its check for slow callers.
  server.close();
}

/**
 * Accepts the connections that the system has already taken for the server: they would be reset if it closed now. Those
 * that come between the last check and the closing still are, so a check counts only if the closing follows at once.
 * Node accepts one connection each time it checks. If requests were served in between, more would come than it accepts.
 */
async function takeWaiting(server: Server): Promise<void> {
  // Node checks between two immediates, but not always before the first.
  await nextTurn();
  let cameAt = performance.now();
  const giveUpAt = cameAt + TAKE_WAITING_MS;
  const onConnection = () => (cameAt = performance.now());
  server.on('connection', onConnection);
  for (;;) {
    const checkedAt = performance.now();
    await nextTurn();
    const now = performance.now();
    if (now > giveUpAt || (cameAt < checkedAt && now - checkedAt < QUIET_MS)) break;
  }
  server.off('connection', onConnection);
}
