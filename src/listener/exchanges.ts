import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** What was refused before anybody but the listener had seen it; with the id that its sender was told. */
export interface RefusedUnread {
  readonly status: number;
  readonly requestId: string;
}

/**
 * Keeps answers and requests of a connection in step: one answer for each, in order, nothing after the last. Node alone
 * does not: it serves requests that come after an answer with `Connection: close`, and an error of its parser may
 * overtake an answer, which the caller would then take for that of another request.
 */
export function createExchanges(
  onRefused: (refused: RefusedUnread) => void,
  requestIdOf: (res: ServerResponse) => string | undefined,
) {
  /** The last one of each connection, as long as its answer is not out or its body not here. */
  const last = new WeakMap<Duplex, Exchange>();
  /** Connections of which nobody knows any more where a request begins. What still comes is read and dropped. */
  const lost = new WeakSet<Duplex>();
  /** Answers that are the last of their connections only because the listener is stopping. */
  const parting = new WeakSet<ServerResponse>();
  /** How many bytes had come when the last exchange was over: with more than that, another request has begun. */
  const quietAt = new WeakMap<Duplex, number>();
  /** Requests behind which Node's parser drops what came in the same segment. */
  const cutOff = new WeakSet<IncomingMessage>();
  let stopping = false;

  function part(res: ServerResponse): void {
    if (res.headersSent || !res.shouldKeepAlive) return;
    res.shouldKeepAlive = false;
    parting.add(res);
  }

  /** Whether one more may follow: also where only we did not expect it, and have not said so yet. */
  function mayBeFollowed(res: ServerResponse): boolean {
    if (res.shouldKeepAlive) return true;
    if (res.headersSent || !parting.delete(res)) return false;
    res.shouldKeepAlive = true;
    return true;
  }

  /** Ends the connection with an answer to what became a request, but is none to serve. */
  function refuse(res: ServerResponse, status: number): void {
    res.statusCode = status;
    res.shouldKeepAlive = false;
    res.setHeader('Content-Length', 0);
    const known = requestIdOf(res);
    const requestId = known ?? randomUUID();
    res.setHeader('X-Request-Id', requestId);
    res.end();
    // The app logs those that it has seen.
    if (known === undefined) onRefused({ status, requestId });
  }

  /** What is not HTTP never becomes a request; its sender gets an id to ask about all the same, and no second try. */
  function refuseUnread(socket: Duplex, status: number): void {
    if (!socket.writable) return;
    const requestId = randomUUID();
    socket.end(headOf(status, requestId), () => void socket.destroy());
    onRefused({ status, requestId });
  }

  /** The last answer on a connection, after those that are still due. */
  function end(socket: Duplex, status: number): void {
    const exchange = last.get(socket);
    if (exchange === undefined) return refuseUnread(socket, status);
    const { req, res } = exchange;
    if (!req.complete && !res.headersSent) return refuse(res, status);
    // It belongs to a request whose answer is already given, or to the next one.
    const refuseNext = () => (req.complete ? refuseUnread(socket, status) : void socket.destroy());
    if (res.writableFinished) refuseNext();
    else res.once('finish', refuseNext);
  }

  return {
    refuse,

    /** Whether the request is one: what comes after the last answer is none (RFC 9112 section 9.6). */
    begin(req: IncomingMessage, res: ServerResponse): boolean {
      const { socket } = req;
      if (lost.has(socket) || !socket.writable) return false;
      const before = last.get(socket);
      if (before !== undefined && !mayBeFollowed(before.res)) return false;
      const exchange = { req, res };
      last.set(socket, exchange);
      if (cutOff.has(req)) res.shouldKeepAlive = false;
      if (stopping) part(res);
      const look = () => {
        if (!req.complete || !res.closed || last.get(socket) !== exchange) return;
        last.delete(socket);
        quietAt.set(socket, socket.bytesRead);
      };
      res.once('close', look);
      req.once('close', look);
      return true;
    },

    /** From now on each answer is the last of its connection, those that are due on these included. */
    endEach(sockets: Iterable<Duplex>): void {
      stopping = true;
      for (const socket of sockets) {
        const exchange = last.get(socket);
        if (exchange !== undefined) part(exchange.res);
      }
    },

    /**
     * Whether neither a request nor an answer is on its way. Node's own closeIdleConnections() also takes connections
     * on which a large answer is not all out yet, and leaves those on which nothing was ever sent.
     */
    isIdle: (socket: Socket): boolean =>
      !last.has(socket) && socket.bytesRead === (quietAt.get(socket) ?? 0),

    /**
     * Whether a request that asks for another protocol can be read anew without that. Behind one that is not answered
     * yet it cannot, because Node would forget whose turn it is; then it is the last of its connection.
     */
    canReadAnew(req: IncomingMessage): boolean {
      if (!last.has(req.socket)) return true;
      cutOff.add(req);
      return false;
    },

    /** For bytes that cannot be read, or did not come in time: the last that the connection was good for. */
    broken({ code = '' }: NodeJS.ErrnoException, socket: Duplex): void {
      if (lost.has(socket)) return;
      lost.add(socket);
      if (!socket.writable || code === 'ECONNRESET') return void socket.destroy();
      end(socket, STATUS_OF[code] ?? 400);
    },

    /** For what Node hands over without an answer, such as CONNECT: nobody gets a tunnel here. */
    handedOver(socket: Duplex, status: 400 | 405): void {
      lost.add(socket);
      // Node listens to it no more.
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
