import { promisify } from 'node:util';
import { brotliCompress, constants, gzip, zstdCompress } from 'node:zlib';
import type { Request } from 'express';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';

/** What a list may be compressed with (RFC 9110 section 8.4.1, RFC 8878 for zstd). The caller's order decides. */
const ENCODINGS = ['br', 'zstd', 'gzip'] as const;
type Encoding = (typeof ENCODINGS)[number];

/** Below this a list fits in a few packets, and compressing costs more than it saves. */
const COMPRESS_FROM_BYTES = 4096;

const compressors: Record<Encoding, (body: Buffer) => Promise<Buffer>> = {
  // The highest levels of brotli take seconds for what they save.
  br: (body) =>
    promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  zstd: (body) => promisify(zstdCompress)(body),
  gzip: (body) => promisify(gzip)(body),
};

/**
 * Compressions at a time. Node's pool has four threads, and files are read and names resolved on them too: with all of
 * them at brotli, a revoked key was good for many seconds more.
 */
const inTurn = pLimit(2);

/** Each that waits holds its list, which may be one that does not fit in memory twice. */
const MOST_WAITING = 32;

/** Whether a caller would get the uncompressed bytes sooner. */
function isBusy(): boolean {
  return inTurn.pendingCount >= MOST_WAITING;
}

/** The compressed forms live as long as the list they belong to. */
const compressed = new WeakMap<Buffer, Map<Encoding, Promise<Buffer>>>();

export function isWorthCompressing(body: Buffer): boolean {
  return body.length >= COMPRESS_FROM_BYTES;
}

/** The encoding that this caller wants a large body in; undefined for uncompressed. */
export function encodingFor(req: Request): Encoding | undefined {
  const header = req.headers['accept-encoding'];
  if (header === undefined) return undefined;
  const known = negotiated.get(header);
  if (known !== undefined) return known === 'identity' ? undefined : known;
  const accepted = req.acceptsEncodings([...ENCODINGS, 'identity']);
  const encoding = ENCODINGS.find((one) => one === accepted);
  negotiated.set(header, encoding ?? 'identity');
  return encoding;
}

/** Programs send the same header every time. */
const negotiated = new LRUCache<string, Encoding | 'identity'>({ max: 100 });

/**
 * The list in this encoding, compressed once however many ask for it. Off the main thread. Undefined if it would have to
 * be compressed and too many others wait for that.
 */
export function encoded(body: Buffer, encoding: Encoding): Promise<Buffer> | undefined {
  const forms = compressed.get(body) ?? new Map<Encoding, Promise<Buffer>>();
  const before = forms.get(encoding);
  if (before !== undefined) return before;
  if (isBusy()) return undefined;
  const form = inTurn(() => compressors[encoding](body));
  compressed.set(body, forms.set(encoding, form));
  form.catch(() => forms.delete(encoding));
  return form;
}
