/** Reads requests. */
import type { IncomingMessage } from 'node:http';

const MOST_BODY_BYTES = 64 * 1024 * 1024;
const BASE = /^(?:\/gewe)?\/v2\/api\/(.*)$/;

/** The path of a request target, without its query. */
export function pathnameOf(target: string): string {
  const [pathname = ''] = target.split('?');
  return pathname;
}

/** The path after the base, such as `contacts/addContacts`; undefined if it does not begin with a base. */
export function operationOf(pathname: string): string | undefined {
  return BASE.exec(pathname)?.[1];
}

/** Calls `done` with the whole body, or with undefined if it is too large. Does not call it if the caller leaves early. */
export function readBody(req: IncomingMessage, done: (body: Buffer | undefined) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // A caller that leaves halfway is no error of the simulator.
  req.on('error', () => undefined);
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MOST_BODY_BYTES) chunks.push(chunk);
  });
  req.on('end', () => done(bytes <= MOST_BODY_BYTES ? Buffer.concat(chunks) : undefined));
}

/** The body as a JSON object; undefined if it is none. */
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
