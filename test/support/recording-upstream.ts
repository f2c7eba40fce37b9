import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

export interface RecordingUpstream {
  /** What goes into GEWE_BASE_URL. */
  readonly baseUrl: string;
  /** Every byte that came since the last reset, of all connections, in the order of their coming. */
  received(): string;
  reset(): void;
  stop(): Promise<void>;
}

const ANSWER = '{"ret":200,"msg":"ok","data":{}}';

/** An upstream that says yes to everything and sees bytes, not requests: also those that no HTTP server would show. */
export async function startRecordingUpstream(): Promise<RecordingUpstream> {
  let all = '';
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    let pending = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      all += text;
      pending += text;
      for (;;) {
        const head = pending.indexOf('\r\n\r\n');
        const length = Number(/^content-length: *(\d+)/im.exec(pending.slice(0, head))?.[1]);
        if (head < 0 || !(pending.length >= head + 4 + length)) return;
        pending = pending.slice(head + 4 + length);
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${ANSWER.length}\r\n\r\n${ANSWER}`,
        );
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/api`,
    received: () => all,
    reset: () => void (all = ''),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
