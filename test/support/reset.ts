import type { Socket } from 'node:net';

/**
 * Ends a connection with a reset. One whose end is on its way already is only closed: Node fails to reset it (EINVAL) and loses
 * its handle, and a process with such a handle spins for ever when it should exit.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
