import { connect } from 'node:net';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';

const DECOMPRESS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  br: brotliDecompressSync,
  gzip: gunzipSync,
  zstd: zstdDecompressSync,
};

/**
 * Sends bytes as they are and resolves with all that comes back until the connection is closed, as text: also what stands
 * before and behind an answer. A body that is compressed is shown as it reads.
 */
export function readableExchange(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const received: Buffer[] = [];
  const socket = connect(Number(port), hostname, () => socket.write(request));
  socket.on('data', (chunk) => received.push(chunk));
  socket.on('error', reject);
  socket.on('close', () => resolve(readable(Buffer.concat(received))));
  return promise;
}

function readable(bytes: Buffer): string {
  const end = bytes.indexOf('\r\n\r\n');
  const head = bytes.subarray(0, end).toString('latin1');
  const encoding = /^content-encoding: (\w+)/im.exec(head)?.[1] ?? '';
  const body = bytes.subarray(end + 4);
  return `${head}\r\n\r\n${(DECOMPRESS[encoding]?.(body) ?? body).toString()}`;
}
