import type { ServerResponse } from 'node:http';

/**
 * The one way an answer goes out: bytes with their length. Nothing of an account may stay in a cache on the way
 * (RFC 9111 section 5.2.2.5).
 */
export function send(
  res: ServerResponse,
  status: number,
  contentType: string,
  body: Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (res.headersSent || res.destroyed) return;
  res.statusCode = status;
  res.setHeader('Content-Type', contentType);
  res.setHeader('Cache-Control', 'no-store');
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.setHeader('Content-Length', body.length);
  res.end(body);
}

/** Adds to `Vary` what an answer depended on (RFC 9110 section 12.5.5). */
export function vary(res: ServerResponse, name: string): void {
  const before = res.getHeader('Vary');
  const names = before === undefined ? [] : String(before).split(/, */);
  if (!names.includes(name)) res.setHeader('Vary', [...names, name].join(', '));
}
