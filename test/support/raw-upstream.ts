import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { listBytes } from './lists.ts';

/** A complete request. */
export interface RawCall {
  /** The path after the base URL, such as `contacts/search`. */
  readonly operation: string;
  readonly appId: string;
}

/** What the upstream does to a connection. */
export type Manner = (socket: Socket, call: RawCall) => void;

export interface RawUpstream {
  /** The value for GEWE_BASE_URL. */
  readonly baseUrl: string;
  readonly calls: readonly RawCall[];
  /** How many connections were made so far. */
  connections(): number;
  /** All bytes received since the last `forget`, of all connections, in order. */
  received(): string;
  forget(): void;
  /** From now on, the requests of this account are treated in this way, for every operation. */
  behave(appId: string, manner: Manner): void;
  /** From now on, connections are treated in this way before anything is read from them; undefined for the usual way. */
  greet(manner: ((socket: Socket) => void) | undefined): void;
  stop(): Promise<void>;
}

/**
 * An upstream that can do what no HTTP server does, and that can create races: it writes its responses as bytes when
 * the test says so. It reads one request after the other from a connection.
 *
 * @param otherwise how requests of all other accounts are treated; by default they get a good response
 * @param createListener for connections that are not plain TCP
 */
export async function startRawUpstream(
  otherwise: Manner = answerWell,
  createListener: (onConnection: (socket: Socket) => void) => Server = createServer,
): Promise<RawUpstream> {
  const sockets = new Set<Socket>();
  const calls: RawCall[] = [];
  const manners = new Map<string, Manner>();
  let greeting: ((socket: Socket) => void) | undefined;
  let connections = 0;
  let received: Buffer[] = [];

  const server = createListener((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    if (greeting !== undefined) return greeting(socket);
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    readRequests(socket, (call) => {
      calls.push(call);
      (manners.get(call.appId) ?? otherwise)(socket, call);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    baseUrl: `http://127.0.0.1:${port}/v2/api`,
    calls,
    connections: () => connections,
    received: () => Buffer.concat(received).toString('latin1'),
    forget: () => void (received = []),
    behave: (appId, manner) => void manners.set(appId, manner),
    greet(manner) {
      greeting = manner;
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A response as bytes. Its connection is closed, unless `headers` say otherwise. */
export function wire(body: string, status = '200 OK', headers = ['Connection: close']): string {
  return [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    body,
  ].join('\r\n');
}

/** The list of every account without a behaviour. */
export const GOOD_LIST = listBytes('ann', 'bob');

function answerWell(socket: Socket, { operation }: RawCall): void {
  const isList = operation.startsWith('contacts/fetchContactsList');
  socket.end(wire(isList ? GOOD_LIST : '{"ret":200,"msg":"操作成功","data":null}'));
}

function readRequests(socket: Socket, onRequest: (call: RawCall) => void): void {
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const head = received.toString('latin1', 0, headEnd);
      const bodyEnd = headEnd + 4 + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      if (received.length < bodyEnd) return;
      const body = received.toString('utf8', headEnd + 4, bodyEnd);
      received = received.subarray(bodyEnd);
      const [, path = ''] = head.split(' ');
      // A body that is not JSON with an appId has passed the gateway's checks: tests look for it in `received`.
      const appId = /"appId": *"([^"]*)"/.exec(body)?.[1] ?? '';
      onRequest({ operation: path.replace('/v2/api/', ''), appId });
    }
  });
}

/** A call whose response waits for the test. */
export interface HeldCall {
  readonly appId: string;
  answer(body: string): void;
  /** Answers like a front proxy after its timeout. */
  gatewayTimeout(): void;
  reset(): void;
}

export interface HeldUpstream {
  readonly baseUrl: string;
  /** The next call of this operation that was not returned before; waits if there is none. */
  next(operation: string): Promise<HeldCall>;
  /** The number of calls for the account. */
  count(operation: string, appId: string): number;
  stop(): Promise<void>;
}

/**
 * An upstream for races: every response waits for the test, which so decides their order.
 *
 * @param atOnce the response for accounts whose calls need not wait
 */
export async function heldUpstream(
  atOnce: (appId: string) => string | undefined = () => undefined,
): Promise<HeldUpstream> {
  const waiting = new Map<string, HeldCall[]>();
  const takers = new Map<string, ((call: HeldCall) => void)[]>();

  const upstream = await startRawUpstream((socket, { operation, appId }) => {
    const call: HeldCall = {
      appId,
      answer: (body) => void socket.end(wire(body)),
      gatewayTimeout: () =>
        void socket.end(wire('<h1>504 Gateway Time-out</h1>', '504 Gateway Time-out')),
      reset: () => void socket.resetAndDestroy(),
    };
    const answer = atOnce(appId);
    if (answer !== undefined) return call.answer(answer);
    const taker = takers.get(operation)?.shift();
    if (taker !== undefined) taker(call);
    else waiting.set(operation, [...(waiting.get(operation) ?? []), call]);
  });

  return {
    baseUrl: upstream.baseUrl,
    async next(operation) {
      const call = waiting.get(operation)?.shift();
      if (call !== undefined) return call;
      return new Promise((resolve) => {
        takers.set(operation, [...(takers.get(operation) ?? []), resolve]);
      });
    },
    count: (operation, appId) =>
      upstream.calls.filter((one) => one.operation === operation && one.appId === appId).length,
    stop: upstream.stop,
  };
}
