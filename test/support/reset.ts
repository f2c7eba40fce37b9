import type { Socket } from 'node:net';

/**
 * Ends a connection with a reset. A connection that is already ending is only closed: Node fails to reset it (EINVAL)
 * and loses its handle, and a process with such a handle spins instead of exiting.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
