import type { Server } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { within } from '../deadline.ts';

interface Draining {
  readonly server: Server;
  /** All that are open. */
  readonly connections: ReadonlySet<Socket>;
  readonly isIdle: (socket: Socket) => boolean;
  /** How many connections may wait to be taken. */
  readonly backlog: number;
  /** How long those without a request are left alone, milliseconds: their callers may just be sending one. */
  readonly spareIdleMs: number;
}

/** How often connections that have become idle are closed after that. */
const CLOSE_IDLE_EVERY_MS = 20;

/** Takes no new connection. Resolves when there is none left. */
export async function drain(draining: Draining): Promise<void> {
  const { server, connections, isIdle, backlog, spareIdleMs } = draining;
  await takeWaiting(server, backlog);
  const closed = new Promise<void>((resolve) => {
    // An HTTP server's own close() ends idle connections with it.
    NetServer.prototype.close.call(server, () => resolve());
  });
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

/** Lets the server see the connections that the system has taken for it already: closed now, they would be reset. */
async function takeWaiting(server: Server, backlog: number): Promise<void> {
  let came = true;
  const onConnection = () => (came = true);
  server.on('connection', onConnection);
  // Node may take only one each time that it looks, so one more than were waiting comes only after all of them.
  for (let taken = 0; came && taken <= backlog; taken++) {
    came = false;
    // One may be due before Node looks again.
    await nextTurn();
    await nextTurn();
  }
  server.off('connection', onConnection);
}
