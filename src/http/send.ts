import type { ServerResponse } from 'node:http';
import { findScope, type Headers } from './request-scope.ts';

/**
 * Sends a response: bytes with their length, and all headers at once. Caches on the way must not keep anything about an
 * account (RFC 9111 section 5.2.2.5); what is about none has a `Cache-Control` among `headers`.
 */
export function send(
  res: ServerResponse,
  status: number,
  contentType: string,
  body: Buffer,
  headers?: Headers,
): void {
  if (res.headersSent || res.destroyed) return;
  const lines: string[] = [];
  addLines(lines, findScope(res)?.headers);
  lines.push('Content-Type', contentType);
  if (headers?.['Cache-Control'] === undefined) lines.push('Cache-Control', 'no-store');
  addLines(lines, headers);
  lines.push('Content-Length', String(body.length));
  res.writeHead(status, lines);
  // Node joins a text with the head into one write, and writes a Buffer beside it, which costs more than a small copy.
  if (body.length <= SMALL_BYTES) res.end(body.toString('latin1'), 'latin1');
  else res.end(body);
}

const SMALL_BYTES = 16_384;

/** Sends a response without a body. */
export function sendNoContent(
  res: ServerResponse,
  headers?: Headers,
  status: 204 | 303 | 304 | 308 = 204,
): void {
  const lines: string[] = [];
  addLines(lines, findScope(res)?.headers);
  addLines(lines, headers);
  if (status === 303 || status === 308) lines.push('Content-Length', '0');
  res.writeHead(status, lines);
  res.end();
}

/** Alternates names and values, the form of headers that costs Node least. */
function addLines(lines: string[], headers: Headers | undefined): void {
  for (const name in headers) lines.push(name, headers[name] as string);
}

/** Adds to `Vary` what a response depends on (RFC 9110 section 12.5.5). */
export function vary(headers: Headers, name: string): void {
  const before = headers['Vary'];
  if (before === undefined) headers['Vary'] = name;
  else if (!before.split(', ').includes(name)) headers['Vary'] = `${before}, ${name}`;
}
