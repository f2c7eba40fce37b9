import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

export interface RudeServer {
  /** What goes into GEWE_BASE_URL. */
  readonly baseUrl: string;
  stop(): Promise<void>;
}

/**
 * An upstream that does to the socket whatever it wants, for what no HTTP server would do.
 *
 * @param answer called once per connection, when the head and the body of a request are there
 */
export async function startRudeServer(answer: (socket: Socket) => void): Promise<RudeServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let received = '';
    const onData = (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const [head = '', body] = received.split('\r\n\r\n', 2);
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      if (body === undefined || body.length < length) return;
      socket.off('data', onData);
      socket.resume();
      answer(socket);
    };
    socket.on('data', onData);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v2/api`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** An address where nothing listens. A port that was free a moment ago could be another test's by now; this never is. */
export const DEAD_BASE_URL = 'http://127.0.0.1:1/v2/api';
