import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** A connection from the moment on at which a request is put on it. */
export interface Connection {
  /** Whether it is there, with its TLS handshake over. Node writes nothing of a request before. */
  isMade(): boolean;
  /** Whether a TLS handshake is under way, or was when the connection failed: it includes the check of the certificate. */
  isShakingHands(): boolean;
  /**
   * Whether it had served a request before and was lost without a byte of an answer to this one: the upstream was
   * just closing it (RFC 9112 section 9.3.1).
   */
  wasClosing(): boolean;
}

export function connectionOf(socket: Socket, wasUsed: boolean): Connection {
  const { bytesRead } = socket;
  const isShakingHands = () => (socket as { secureConnecting?: boolean }).secureConnecting === true;
  return {
    isMade: () => !socket.connecting && !isShakingHands(),
    isShakingHands,
    wasClosing: () => wasUsed && socket.bytesRead === bytesRead,
  };
}

export interface ConnectionWatch {
  /** Whether a call failed with this error because the upstream was just closing a kept connection. */
  wasClosing(error: unknown): boolean;
  stop(): void;
}

/** Where undici tells which connection a request is put on; the request's own error does not. */
const REQUEST_IS_PUT_ON = 'undici:client:sendHeaders';

/** Watches undici's connections, all of this process. */
export function watchConnections(): ConnectionWatch {
  const connections = new WeakMap<Socket, Connection>();
  const closings = new WeakSet<object>();
  const onRequest = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    const wasUsed = connections.has(socket);
    connections.set(socket, connectionOf(socket, wasUsed));
    if (wasUsed) return;
    socket.on('error', (error) => {
      if (connections.get(socket)?.wasClosing() === true) closings.add(error);
    });
  };
  subscribe(REQUEST_IS_PUT_ON, onRequest);
  return {
    wasClosing: (error) => closings.has(Object(error) as object),
    stop: () => void unsubscribe(REQUEST_IS_PUT_ON, onRequest),
  };
}
