import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/**
 * Sends bytes as they are, which no HTTP client does: none of them leaves a path or a header alone. Resolves with
 * the first answer, once the server has closed the connection or sent as much as it announced.
 */
export function rawRequest(url: string, request: string | Buffer): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const socket = connect(Number(port), hostname, () => socket.write(request));
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    const answer = parseAnswer(received);
    const announced = Number(answer?.headers.get('content-length') ?? Infinity);
    if (answer === undefined || answer.body.length < announced) return;
    resolve(answer);
    socket.destroy();
  });
  socket.on('error', reject);
  socket.on('close', () => {
    const answer = parseAnswer(received);
    if (answer === undefined) reject(new Error(`No answer: ${received.toString()}`));
    else resolve(answer);
  });
  return promise;
}

/** A POST as text: lines of headers, then the body with its length. */
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

/** The answer that begins there, its body as far as it has come; undefined while its head is not whole. */
export function parseAnswer(received: Buffer): RawAnswer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n');
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(first.split(' ')[1]), headers, body: received.subarray(end + 4) };
}
