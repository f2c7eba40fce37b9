/** Reading what a caller sends. */
import type { IncomingMessage } from 'node:http';

const MOST_BODY_BYTES = 64 * 1024 * 1024;
const BASE = /^(?:\/gewe)?\/v2\/api\/(.*)$/;

/** The path of a request target, without its query. */
export function pathnameOf(target: string): string {
  const [pathname = ''] = target.split('?');
  return pathname;
}

/** The path after the base, such as `contacts/addContacts`; undefined where it does not begin with a base. */
export function operationOf(pathname: string): string | undefined {
  return BASE.exec(pathname)?.[1];
}

/** Hands over the whole body, or undefined where it is too large; nothing where the caller leaves before its end. */
export function readBody(req: IncomingMessage, done: (body: Buffer | undefined) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // A caller who leaves halfway is no error of the simulator's.
  req.on('error', () => undefined);
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MOST_BODY_BYTES) chunks.push(chunk);
  });
  req.on('end', () => done(bytes <= MOST_BODY_BYTES ? Buffer.concat(chunks) : undefined));
}

/** The body as a JSON object; undefined where it is none. */
export function jsonObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
