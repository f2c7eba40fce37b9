import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { listBytes } from './lists.ts';

/** A request that has arrived whole. */
export interface RawCall {
  /** What follows the base URL, such as `contacts/search`. */
  readonly operation: string;
  readonly appId: string;
}

/** What the upstream does to a connection, in bytes of its own. */
export type Manner = (socket: Socket, call: RawCall) => void;

export interface RawUpstream {
  /** What goes into GEWE_BASE_URL. */
  readonly baseUrl: string;
  readonly calls: readonly RawCall[];
  /** How many connections were made so far. */
  connections(): number;
  /** From now on, the requests of this account are met so, on every operation. */
  behave(appId: string, manner: Manner): void;
  /** From now on, connections are met so before anything of them is read; undefined for as usual. */
  greet(manner: ((socket: Socket) => void) | undefined): void;
  stop(): Promise<void>;
}

/**
 * An upstream that writes its answers as bytes, for what no HTTP server would do. It reads request after request off
 * a connection and answers each at once; accounts that it was told nothing about get good answers.
 */
export async function startRawUpstream(
  createListener: (onConnection: (socket: Socket) => void) => Server = createServer,
): Promise<RawUpstream> {
  const sockets = new Set<Socket>();
  const calls: RawCall[] = [];
  const manners = new Map<string, Manner>();
  let greeting: ((socket: Socket) => void) | undefined;
  let connections = 0;

  const server = createListener((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    if (greeting !== undefined) return greeting(socket);
    readRequests(socket, (call) => {
      calls.push(call);
      (manners.get(call.appId) ?? answerWell)(socket, call);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    baseUrl: `http://127.0.0.1:${port}/v2/api`,
    calls,
    connections: () => connections,
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

/** An answer as it goes over the wire. Its connection is not kept, unless `headers` say so. */
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

/** The list that it gives of every account it was told nothing about. */
export const GOOD_LIST = listBytes('ann', 'bob');

function answerWell(socket: Socket, { operation }: RawCall): void {
  const isList = operation.startsWith('contacts/fetchContactsList');
  socket.end(wire(isList ? GOOD_LIST : '{"ret":200,"msg":"操作成功","data":null}'));
}

function readRequests(socket: Socket, onRequest: (call: RawCall) => void): void {
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = received.toString('latin1', 0, headEnd);
    const bodyEnd = headEnd + 4 + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    if (received.length < bodyEnd) return;
    const body = received.toString('utf8', headEnd + 4, bodyEnd);
    received = received.subarray(bodyEnd);
    const [, path = ''] = head.split(' ');
    const { appId } = JSON.parse(body) as { appId: string };
    onRequest({ operation: path.replace('/v2/api/', ''), appId });
  });
}
