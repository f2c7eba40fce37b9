import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A request that the listener refused by itself, with the id that its sender was given. The app never saw it. */
export interface RefusedUnread {
  readonly status: number;
  readonly requestId: string;
}

/** What is known of an open connection. One object for its whole life: this is looked up for every request. */
interface Connection {
  /** The last response, until it is sent and closed and its request has been read to the end. */
  current: ServerResponse | undefined;
  /** `current` is the last of the connection only because the listener is stopping. */
  isParting: boolean;
  /** It is unknown where the next request begins. Bytes that still come are read and dropped. */
  isLost: boolean;
  /** Node's parser drops the bytes behind this request that came in the same segment. */
  cutOffAfter: IncomingMessage | undefined;
  /** How many bytes had come when `current` was over. If there are more now, another request has begun. */
  bytesAtRest: number;
}

/**
 * The open connections of a listener. Keeps requests and responses in step: one response for each request, in order,
 * nothing after the last. Node alone does not. It serves requests that come after a response with `Connection: close`,
 * and an error of its parser may overtake a response, which the caller would then take for that of another request.
 */
export function createConnections(
  onRefused: (refused: RefusedUnread) => void,
  requestIdOf: (res: ServerResponse) => string | undefined,
) {
  const open = new Map<Duplex, Connection>();
  let stopping = false;

  function onResponseClosed(this: ServerResponse): void {
    if (this.req.complete) rest(this);
    else this.req.on('close', onRequestClosed);
  }

  function onRequestClosed(this: IncomingMessage): void {
    const res = open.get(this.socket)?.current;
    if (res?.req === this && this.complete) rest(res);
  }

  function rest(res: ServerResponse): void {
    const { socket } = res.req;
    const connection = open.get(socket);
    if (connection?.current !== res) return;
    connection.current = undefined;
    connection.bytesAtRest = socket.bytesRead;
  }

  /** Makes `current` the last response, if that can still be said in its headers. */
  function part(connection: Connection): void {
    const { current } = connection;
    if (current === undefined || current.headersSent || !current.shouldKeepAlive) return;
    current.shouldKeepAlive = false;
    connection.isParting = true;
  }

  /** Whether another request may follow. A response that only parts, and has not said so yet, is kept open for it. */
  function mayContinue(connection: Connection): boolean {
    const { current } = connection;
    if (current === undefined || current.shouldKeepAlive) return true;
    if (current.headersSent || !connection.isParting) return false;
    current.shouldKeepAlive = true;
    return true;
  }

  /** Answers a request that must not be served, and ends its connection. */
  function refuse(res: ServerResponse, status: number): void {
    res.statusCode = status;
    res.shouldKeepAlive = false;
    res.setHeader('Content-Length', 0);
    const known = requestIdOf(res);
    const requestId = known ?? randomUUID();
    res.setHeader('X-Request-Id', requestId);
    res.end();
    // The app logs the requests that it has seen.
    if (known === undefined) onRefused({ status, requestId });
  }

  /** Answers bytes that never became a request, and ends the connection. Their sender gets an id to ask about, too. */
  function refuseUnread(socket: Duplex, status: number): void {
    if (!socket.writable) return;
    const requestId = randomUUID();
    socket.end(headOf(status, requestId), () => void socket.destroy());
    onRefused({ status, requestId });
  }

  /** The last response of a connection, after those that are still due. */
  function end(socket: Duplex, status: number): void {
    const res = open.get(socket)?.current;
    if (res === undefined) return refuseUnread(socket, status);
    const { req } = res;
    if (!req.complete && !res.headersSent) return refuse(res, status);
    // The refusal is for a request that already has its response, or for the next one.
    const refuseNext = () => (req.complete ? refuseUnread(socket, status) : void socket.destroy());
    if (res.writableFinished) refuseNext();
    else res.once('finish', refuseNext);
  }

  function lose(socket: Duplex): void {
    const connection = open.get(socket);
    if (connection !== undefined) connection.isLost = true;
  }

  return {
    refuse,

    /** May be called again for the same socket. */
    opened(socket: Socket): void {
      if (open.has(socket)) return;
      open.set(socket, {
        current: undefined,
        isParting: false,
        isLost: false,
        cutOffAfter: undefined,
        bytesAtRest: 0,
      });
      socket.once('close', () => open.delete(socket));
    },

    /** Whether to serve the request: bytes after the last response are none (RFC 9112 section 9.6). */
    begin(req: IncomingMessage, res: ServerResponse): boolean {
      const connection = open.get(req.socket);
      if (connection === undefined || connection.isLost || !req.socket.writable) return false;
      if (!mayContinue(connection)) return false;
      connection.current = res;
      connection.isParting = false;
      if (connection.cutOffAfter === req) res.shouldKeepAlive = false;
      if (stopping) part(connection);
      res.on('close', onResponseClosed);
      return true;
    },

    /** From now on every response is the last of its connection, those that are due included. */
    endEach(): void {
      stopping = true;
      for (const connection of open.values()) part(connection);
    },

    /**
     * Closes connections on which neither a request nor a response is under way. Node's own closeIdleConnections() also
     * closes those on which a large response is not all sent yet, and leaves those on which nothing was ever sent.
     */
    closeIdle(): void {
      for (const [socket, { current, bytesAtRest }] of open) {
        if (current === undefined && (socket as Socket).bytesRead === bytesAtRest) socket.destroy();
      }
    },

    closeAll(): void {
      for (const socket of open.keys()) socket.destroy();
    },

    /**
     * Whether a request that asks for another protocol can be read again without that. Not if a response before it is
     * still due: Node would forget their order. Then it is the last request of its connection.
     */
    canReadAgain(req: IncomingMessage): boolean {
      const connection = open.get(req.socket);
      if (connection?.current === undefined) return true;
      connection.cutOffAfter = req;
      return false;
    },

    /** For bytes that cannot be read or did not come in time: nothing after them can be read either. */
    broken({ code = '' }: NodeJS.ErrnoException, socket: Duplex): void {
      if (open.get(socket)?.isLost === true) return;
      lose(socket);
      if (!socket.writable || code === 'ECONNRESET') return void socket.destroy();
      end(socket, STATUS_OF[code] ?? 400);
    },

    /** For requests that Node hands over without a response, such as CONNECT: nobody gets a tunnel here. */
    handedOver(socket: Duplex, status: 400 | 405): void {
      lose(socket);
      // Node has removed its own listener.
      socket.on('error', () => undefined);
      end(socket, status);
    },
  };
}

const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

function headOf(status: number, requestId: string): string {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `X-Request-Id: ${requestId}`,
    ...(status === 405 ? ['Allow: GET, POST, OPTIONS'] : []),
    'Content-Length: 0',
    'Connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
