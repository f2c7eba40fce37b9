/** Texts that browsers load: pages, styles, scripts, documents. */
import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { encoded, encodingFor, isWorthCompressing } from './compression.ts';
import { scopeOf, type Headers } from './request-scope.ts';
import { send, sendNoContent, vary } from './send.ts';

/** A text that is the same for everybody until the gateway is replaced. */
export interface TextFile {
  readonly contentType: string;
  readonly bytes: Buffer;
  readonly etag: string;
}

export function textFile(contentType: string, text: string): TextFile {
  const bytes = Buffer.from(text);
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  // Weak: its compressed forms have other bytes (RFC 9110 section 8.8.1).
  return { contentType, bytes, etag: `W/"${hash}"` };
}

/** Caches may keep it but must ask each time whether it is still the same (RFC 9111 section 5.2.2.4). */
export async function sendTextFile(req: Request, res: Response, file: TextFile): Promise<void> {
  const { contentType, bytes, etag } = file;
  const headers = { 'Cache-Control': 'no-cache', ETag: etag };
  if (matches(req.get('if-none-match'), etag)) {
    vary(scopeOf(res).headers, 'Accept-Encoding');
    return sendNoContent(res, headers, 304);
  }
  await sendText(req, res, 200, contentType, bytes, headers);
}

/** Sends a text, compressed for those who accept that. Without a `Cache-Control` among `headers`, caches keep nothing. */
export async function sendText(
  req: Request,
  res: Response,
  status: number,
  contentType: string,
  bytes: Buffer,
  headers: Headers = {},
): Promise<void> {
  vary(scopeOf(res).headers, 'Accept-Encoding');
  const encoding = isWorthCompressing(bytes) ? encodingFor(req) : undefined;
  const compressed = encoding && (await encoded(bytes, encoding)?.catch(() => undefined));
  if (encoding === undefined || compressed === undefined) {
    return send(res, status, contentType, bytes, headers);
  }
  send(res, status, contentType, compressed, { ...headers, 'Content-Encoding': encoding });
}

/** RFC 9110 section 13.1.2, by the weak comparison. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const opaque = etag.replace(/^W\//, '');
  return (ifNoneMatch ?? '')
    .split(',')
    .map((one) => one.trim())
    .some((one) => one === '*' || one.replace(/^W\//, '') === opaque);
}
