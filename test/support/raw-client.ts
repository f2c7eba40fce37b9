/** A client for bytes that no HTTP client would send, and for observing what the gateway does to their connection. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';

/** Only against hanging. */
const HANGING_MS = 60_000;

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface RawCaller {
  readonly socket: Socket;
  /** All complete responses so far. Any bytes after them must be the beginning of another. */
  answers(): readonly RawAnswer[];
  /** Resolves when there are this many responses; rejects if the connection closes first. */
  answered(count: number): Promise<readonly RawAnswer[]>;
  /** The same, and then forgets them: for connections with many responses. */
  taken(count: number): Promise<readonly RawAnswer[]>;
  /** The bytes after the last complete response. */
  rest(): Buffer;
  /** Resolves when the server has closed the connection, by an end or a reset. */
  closed(withinMs?: number): Promise<void>;
}

/** A caller that controls when it writes what, and sees what it receives. */
export function openRaw(url: string): RawCaller {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const answers: RawAnswer[] = [];
  let unread: Buffer[] = [];
  // A reset is one way to close.
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => unread.push(chunk));
  const closing = new Promise<void>((resolve) => void socket.once('close', () => resolve()));

  /** Joined only when needed: a large response comes in thousands of pieces. */
  function rest(): Buffer {
    const bytes = Buffer.concat(unread);
    unread = bytes.length > 0 ? [bytes] : [];
    return bytes;
  }

  function read(): readonly RawAnswer[] {
    let bytes = rest();
    for (;;) {
      const answer = wholeAnswer(bytes);
      if (answer === undefined) break;
      answers.push(answer.answer);
      bytes = bytes.subarray(answer.end);
    }
    unread = bytes.length > 0 ? [bytes] : [];
    return answers;
  }

  async function answered(count: number): Promise<readonly RawAnswer[]> {
    while (read().length < count) {
      if (socket.closed) throw new Error(`Closed after: ${shown(rest())}`);
      await Promise.race([new Promise((resolve) => socket.once('data', resolve)), closing]);
    }
    return answers;
  }

  return {
    socket,
    answers: read,
    answered,
    async taken(count) {
      await answered(count);
      return answers.splice(0, count);
    },
    rest,
    async closed(withinMs = HANGING_MS) {
      const { promise, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => {
        reject(new Error(`Not closed, after: ${shown(rest())}`));
        socket.destroy();
      }, withinMs);
      await Promise.race([closing, promise]).finally(() => clearTimeout(timer));
    },
  };
}

/**
 * Sends bytes unchanged. Resolves with all responses, in order, when the server has closed the connection, even if
 * there is none. Rejects with what was received if the server does not close it.
 *
 * @param halfClose whether the caller ends its side after its last byte
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

/**
 * Sends bytes unchanged. Resolves with the first response as soon as it is complete, or with an incomplete one if the
 * server closes the connection first, as after HEAD.
 */
export async function rawRequest(url: string, request: string | Buffer): Promise<RawAnswer> {
  const caller = openRaw(url);
  caller.socket.write(request);
  const [whole] = await caller.answered(1).catch(() => []);
  caller.socket.destroy();
  const begun = whole ?? headOf(caller.rest())?.answer;
  if (begun === undefined) throw new Error(`No answer: ${shown(caller.rest())}`);
  return begun;
}

/** A POST as text: header lines, then the body with its Content-Length. */
export function rawPost(target: string, headers: readonly string[], body: string): string {
  return [
    `POST ${target} HTTP/1.1`,
    'Host: gateway.test',
    ...headers,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

const DECOMPRESS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  br: brotliDecompressSync,
  gzip: gunzipSync,
  zstd: zstdDecompressSync,
};

/**
 * Sends bytes unchanged. Resolves with all received bytes as text when the connection is closed, including those before
 * and after a response. A compressed body is decompressed.
 */
export async function readableExchange(url: string, request: string): Promise<string> {
  const caller = openRaw(url);
  caller.socket.write(request);
  await caller.closed();
  const bytes = caller.rest();
  const end = bytes.indexOf('\r\n\r\n');
  const head = bytes.subarray(0, end).toString('latin1');
  const encoding = /^content-encoding: (\w+)/im.exec(head)?.[1] ?? '';
  const body = bytes.subarray(end + 4);
  return `${head}\r\n\r\n${(DECOMPRESS[encoding]?.(body) ?? body).toString()}`;
}

export interface ExactConnection {
  /**
   * Sends a request. Resolves with its response; rejects if its connection ends without one, or if the response belongs
   * to another request.
   *
   * @param id the request's X-Request-Id
   */
  ask(id: string, request: string): Promise<RawAnswer>;
  /** Sends a part of a request, or a request whose response is not awaited. Resolves when the system has accepted it. */
  write(bytes: string): Promise<void>;
  /** Resolves with the next bytes, or at the end. */
  heard(): Promise<unknown>;
  /** Reads nothing until resume(). */
  pause(): void;
  resume(): void;
  leave(): void;
  /** Received bytes that belong to no request. */
  surplus(): string;
}

/** A connection on which every response is compared with its request: exactly one for each, in order. */
export async function openConnection(url: string): Promise<ExactConnection> {
  const { socket, taken, rest } = openRaw(url);
  await once(socket, 'connect');
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  async function next(id: string, before: Promise<unknown>): Promise<RawAnswer> {
    await before.catch(() => undefined);
    try {
      const [answer] = await taken(1);
      const answered = answer?.headers.get('x-request-id');
      if (answer === undefined || answered !== id) throw new Error(`the answer to ${answered}`);
      return answer;
    } catch (error) {
      throw new Error(`${id} got ${String(error)}`, { cause: error });
    } finally {
      waiting -= 1;
    }
  }

  return {
    ask(id, request) {
      waiting += 1;
      const answer = next(id, last);
      last = answer;
      socket.write(request);
      return answer;
    },
    write: (bytes) => new Promise((resolve) => socket.write(bytes, () => resolve())),
    heard: () => new Promise((resolve) => socket.once('data', resolve).once('close', resolve)),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    leave: () => void socket.destroy(),
    surplus: () => (waiting > 0 ? '' : rest().toString()),
  };
}

const shown = (bytes: Buffer) => bytes.subarray(0, 500).toString('latin1');

/** The response that begins at this position, with its body so far; undefined while its head is incomplete. */
function headOf(bytes: Buffer): { answer: RawAnswer; bodyStart: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
  if (Number.isNaN(status)) throw new Error(`No answer: ${first}`);
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const bodyStart = end + 4;
  return { answer: { status, headers, body: bytes.subarray(bodyStart) }, bodyStart };
}

/** The response that begins at this position, if it is complete. Each must have its length (RFC 9112 section 6.3). */
function wholeAnswer(bytes: Buffer): { answer: RawAnswer; end: number } | undefined {
  const begun = headOf(bytes);
  if (begun === undefined) return undefined;
  const { answer, bodyStart } = begun;
  const hasNoBody = answer.status < 200 || answer.status === 204;
  const length = hasNoBody ? 0 : Number(answer.headers.get('content-length'));
  if (Number.isNaN(length)) {
    throw new Error(`An answer without its length: ${[...answer.headers.keys()].join(', ')}`);
  }
  if (answer.body.length < length) return undefined;
  const body = answer.body.subarray(0, length);
  return { answer: { ...answer, body }, end: bodyStart + length };
}
