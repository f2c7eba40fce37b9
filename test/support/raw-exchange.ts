import { connect, type Socket } from 'node:net';
import type { RawAnswer } from './raw-request.ts';

/** Only against hanging. */
const HANGING_MS = 60_000;

/**
 * Sends bytes as they are and resolves with every answer, in order, once the server has closed the connection; also
 * where it did so without an answer. Rejects with what came where it does not close.
 *
 * @param halfClose whether the caller ends its side after its last byte, as one does that has no more to say
 */
export async function rawExchange(
  url: string,
  bytes: string | Buffer,
  { halfClose = false, withinMs = HANGING_MS } = {},
): Promise<readonly RawAnswer[]> {
  const caller = openRaw(url);
  caller.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  if (halfClose) caller.socket.end();
  await caller.closed(withinMs);
  return caller.answers();
}

export interface RawCaller {
  readonly socket: Socket;
  /** All answers so far that are complete; what comes after them must be the beginning of another. */
  answers(): readonly RawAnswer[];
  /** Resolves once there are so many answers; rejects where the connection closes before. */
  answered(count: number): Promise<readonly RawAnswer[]>;
  /** Resolves once the server has closed the connection, by an end or a reset. */
  closed(withinMs?: number): Promise<void>;
}

/** A caller that says when it writes what, and sees what comes. */
export function openRaw(url: string): RawCaller {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  const received = () => Buffer.concat(chunks);
  const soFar = () => received().subarray(0, 500).toString('latin1');
  // A reset is one way to close.
  socket.on('error', () => undefined);
  const closing = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  return {
    socket,
    answers: () => answersIn(received()),
    async answered(count) {
      while (answersIn(received()).length < count) {
        if (socket.closed) throw new Error(`Closed after: ${soFar()}`);
        await Promise.race([new Promise((resolve) => socket.once('data', resolve)), closing]);
      }
      return answersIn(received());
    },
    async closed(withinMs = HANGING_MS) {
      const { promise, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => {
        reject(new Error(`Not closed, after: ${soFar()}`));
        socket.destroy();
      }, withinMs);
      await Promise.race([closing, promise]).finally(() => clearTimeout(timer));
    },
  };
}

/** The answers in a stream of bytes, one after the other: none may be without its length (RFC 9112 section 6.3). */
function answersIn(received: Buffer): readonly RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = received;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return answers;
    const [first = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
    if (Number.isNaN(status)) throw new Error(`No answer: ${first}`);
    const headers = new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const hasNoBody = status < 200 || status === 204;
    const length = hasNoBody ? 0 : Number(headers.get('content-length'));
    if (Number.isNaN(length)) throw new Error(`An answer without its length: ${lines.join(', ')}`);
    const bodyStart = end + 4;
    if (rest.length < bodyStart + length) return answers;
    answers.push({ status, headers, body: rest.subarray(bodyStart, bodyStart + length) });
    rest = rest.subarray(bodyStart + length);
  }
}
