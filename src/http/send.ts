import type { ServerResponse } from 'node:http';
import { findScope, type Headers } from './request-scope.ts';

/**
 * Sends a response: bytes with their length, and all headers at once. Caches on the way must not keep anything about an
 * account (RFC 9111 section 5.2.2.5).
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
  lines.push('Content-Type', contentType, 'Cache-Control', 'no-store');
  addLines(lines, headers);
  lines.push('Content-Length', String(body.length));
  res.writeHead(status, lines);
  res.end(body);
}

/** Sends a response without a body. */
export function sendNoContent(res: ServerResponse, headers?: Headers): void {
  const lines: string[] = [];
  addLines(lines, findScope(res)?.headers);
  addLines(lines, headers);
  res.writeHead(204, lines);
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
