/** A connection for one request at a time, with as little work for each as possible: it shares its core with the upstream. */
import { once } from 'node:events';
import { connect } from 'node:net';

export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  /** The status line and the headers. */
  readonly head: string;
}

export interface Connection {
  /** Calls back when the answer is complete. */
  send(request: Buffer, onAnswer: (answer: Answer) => void): void;
  close(): void;
}

/** The bytes of a POST. */
export function requestBytes({ url, headers }: Target, body: string): Buffer {
  const { host, pathname } = new URL(url);
  const bytes = Buffer.from(body);
  const all = { host, ...headers, 'content-length': bytes.length };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const head = [`POST ${pathname} HTTP/1.1`, ...lines, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head), bytes]);
}

export async function openConnection({ url }: Pick<Target, 'url'>): Promise<Connection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setNoDelay(true);
  await once(socket, 'connect');
  let received: Buffer[] = [];
  let missing = Infinity;
  let answered: (answer: Answer) => void = () => undefined;
  socket.on('data', (chunk) => {
    received.push(chunk);
    if (missing === Infinity) {
      const soFar = Buffer.concat(received);
      missing = bytesMissing(soFar);
      received = [soFar];
    } else missing -= chunk.length;
    if (missing > 0) return;
    const head = headOf(Buffer.concat(received)) ?? '';
    [received, missing] = [[], Infinity];
    answered({ status: Number(head.slice(9, 12)), head });
  });
  return {
    send(request, onAnswer) {
      answered = onAnswer;
      socket.write(request);
    },
    close: () => void socket.destroy(),
  };
}

/** How much of an answer is still to come; Infinity if that is not known yet. @throws Error if it has no Content-Length */
function bytesMissing(received: Buffer): number {
  const head = headOf(received);
  if (head === undefined) return Infinity;
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length === undefined) throw new Error(`An answer without Content-Length:\n${head}`);
  return head.length + '\r\n\r\n'.length + Number(length) - received.length;
}

function headOf(received: Buffer): string | undefined {
  const end = received.indexOf('\r\n\r\n');
  return end < 0 ? undefined : received.toString('latin1', 0, end);
}
