import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';

/** What a test changes about how connections are made. */
export interface Connecting {
  /** What turns the upstream's name into addresses. */
  readonly lookup?: LookupFunction;
  /** How long one of several addresses is tried before the next, milliseconds. */
  readonly addressTimeoutMs?: number;
}

/**
 * Node gives an address up after 250 ms, and for good. This leaves time for a first packet that was lost and is sent
 * again after a second (RFC 6298 section 2.1), and still lets a list from behind an address that drops everything come
 * in time.
 */
const ADDRESS_TIMEOUT_MS = 1_500;

/** What a socket takes of it. One address does not use up a short deadline that the next one needs. */
export function socketOptions(
  { lookup = systemLookup, addressTimeoutMs = ADDRESS_TIMEOUT_MS }: Connecting,
  deadlineMs: number,
) {
  const timeoutMs = Math.ceil(Math.min(addressTimeoutMs, deadlineMs / 2));
  return { lookup, autoSelectFamilyAttemptTimeout: timeoutMs };
}

/** A connection, from the moment a request is put on it. */
export interface Connection {
  /** Whether it is there, with its TLS handshake over. Node writes nothing of a request before. */
  isMade(): boolean;
  /** Whether a TLS handshake is under way, or was when the connection failed: it includes the check of the certificate. */
  isShakingHands(): boolean;
  /**
   * Whether it had served a request before and was lost at once, without a byte of an answer to this one: the upstream
   * was just closing it (RFC 9112 section 9.3.1).
   */
  wasClosing(): boolean;
}

/**
 * A close that was on its way already arrives within a round trip. Whatever is lost later was being worked on, milliseconds.
 */
const JUST_CLOSING_MS = 1_500;

export function connectionOf(socket: Socket, wasUsed: boolean): Connection {
  const { bytesRead } = socket;
  const requestedAt = performance.now();
  const isShakingHands = () => (socket as { secureConnecting?: boolean }).secureConnecting === true;
  return {
    isMade: () => !socket.connecting && !isShakingHands(),
    isShakingHands,
    wasClosing: () =>
      wasUsed &&
      socket.bytesRead === bytesRead &&
      performance.now() - requestedAt < JUST_CLOSING_MS,
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
