import type { IncomingMessage } from 'node:http';
import { kindOf, Refusal } from '../errors.ts';
import { readJsonObject, type GuardedKeys } from './json-object.ts';

export interface JsonBody {
  /** As they came. */
  readonly bytes: Buffer;
  readonly json: Readonly<Record<string, unknown>>;
  /** The top-level values as they are written. */
  readonly texts: ReadonlyMap<string, string>;
}

/** What identifies a WeChat device: also a key in stores and a part of admin paths, so its alphabet is narrow. */
export const APP_ID = /^[A-Za-z0-9_.:@-]{1,128}$/;

/** What later steps need of a body: its bytes, and the keys that decide. */
export interface RequestBody extends JsonBody {
  readonly appId: string;
}

/**
 * The body of a request, which has to be a JSON object of at most `limitBytes` that can be read in one way only.
 * Anything else rejects with a Refusal.
 *
 * @param holdsSecret whether a text contains a secret, so that it must not be repeated
 * @param guarded top-level keys that must not occur in another spelling as well
 */
export async function jsonBody(
  req: IncomingMessage,
  holdsSecret: (text: string) => boolean,
  limitBytes: number,
  guarded?: GuardedKeys,
): Promise<JsonBody> {
  const { headers } = req;
  const mayRepeat = (text: string) => !holdsSecret(text);
  const fault = mediaTypeFault(headers['content-type'], headers['content-encoding'], mayRepeat);
  if (fault !== undefined) throw new Refusal('unsupported-media-type', fault);
  const bytes = await bodyBytes(req, limitBytes);
  const reading = readJsonObject(bytes, guarded);
  switch (reading.kind) {
    case 'object':
      return { bytes, json: reading.value, texts: reading.texts };
    case 'not-json':
      throw new Refusal('invalid-json', reading.why);
    case 'not-an-object':
      throw new Refusal(
        'invalid-body',
        `The body is ${kindOf(reading.value)}. It must be a JSON object.`,
      );
    case 'duplicate-key':
      throw new Refusal(
        'duplicate-key',
        'The body has a duplicate key, perhaps in another spelling. Send each key once.',
      );
    default:
      return reading satisfies never;
  }
}

/**
 * The fields of a form of at most `limitBytes`, as a page without a file in it sends them. Anything else rejects with a
 * Refusal.
 */
export async function formBody(req: IncomingMessage, limitBytes: number): Promise<URLSearchParams> {
  const [type = ''] = (req.headers['content-type'] ?? '').split(';', 1);
  if (type.trim().toLowerCase() !== FORM) {
    throw new Refusal('unsupported-media-type', `Send Content-Type: ${FORM}.`);
  }
  return new URLSearchParams((await bodyBytes(req, limitBytes)).toString());
}

/**
 * All bytes of a body. Rejects with a Refusal as soon as there are more than `limit`, announced or not, and if the
 * caller leaves before the end. What still comes of a refused body is read and dropped, so that the connection stays
 * in step. (body-parser refuses a body in chunks only after it has read all of it.)
 */
function bodyBytes(req: IncomingMessage, limit: number): Promise<Buffer> {
  // Before a byte is read, so that a caller that waits for `100 Continue` need not send the body.
  if (Number(req.headers['content-length']) > limit) return Promise.reject(bodyTooLarge(limit));
  return new Promise((resolve, reject) => {
    let kept: Buffer | undefined;
    let length = 0;
    req.on('data', (chunk: Buffer) => {
      const before = length;
      length += chunk.length;
      if (length > limit) {
        kept = undefined;
        if (before <= limit) reject(bodyTooLarge(limit));
      } else if (kept === undefined) {
        kept = chunk;
      } else {
        kept = grown(kept, before, length, limit);
        chunk.copy(kept, before);
      }
    });
    // Without the spare room, because a body can be held for minutes.
    req.on('end', () => resolve(fitted(kept ?? Buffer.alloc(0), length)));
    const cutOff = () => req.complete || reject(bodyCutOff());
    // Without a listener for errors, Node raises none and only closes.
    req.on('close', cutOff);
  });
}

/** Room for a longer body. One buffer that grows: kept as a list, chunks of one byte took 500 times their length. */
function grown(kept: Buffer, used: number, length: number, limit: number): Buffer {
  if (length <= kept.length) return kept;
  const larger = Buffer.alloc(Math.min(limit, Math.max(length, 2 * used)));
  kept.copy(larger, 0, 0, used);
  return larger;
}

/** A copy of the bytes in use, because a slice would keep the whole buffer in memory. */
function fitted(kept: Buffer, length: number): Buffer {
  return length === kept.buffer.byteLength ? kept : Buffer.from(kept.subarray(0, length));
}

function bodyCutOff(): Refusal {
  return new Refusal('invalid-body', 'The body is shorter than announced.');
}

function bodyTooLarge(limit: number): Refusal {
  return new Refusal('body-too-large', `The body is larger than ${limit} bytes.`);
}

/**
 * What is wrong with the headers of a body, in words for its sender; undefined for JSON in UTF-8 without a coding.
 * Pure.
 *
 * @param mayRepeat whether a text may be shown: it holds no secret
 */
export function mediaTypeFault(
  contentType: string | undefined,
  contentEncoding: string | undefined,
  mayRepeat: (text: string) => boolean,
): string | undefined {
  const shown = (text: string, shape: RegExp, header = text) =>
    shape.test(text) && mayRepeat(header) ? text : undefined;
  const type = (contentType ?? '').split(';', 1)[0]?.trim() ?? '';
  if (type === '') return `The request has no Content-Type. ${SEND_JSON}`;
  if (type.toLowerCase() !== 'application/json') {
    const came = shown(type, MEDIA_TYPE, contentType);
    const hint = came?.toLowerCase() === FORM ? 'curl -d sends a form unless told otherwise. ' : '';
    return `The Content-Type is ${came ?? 'not application/json'}. ${hint}${SEND_JSON}`;
  }
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    const came = shown(charset, CODING, contentType);
    return `The charset of the Content-Type is ${came ?? 'not UTF-8'}. Send the body in UTF-8.`;
  }
  const coding = (contentEncoding ?? '').split(',').find((one) => !encodesNothing(one.trim()));
  if (coding === undefined) return undefined;
  const came = shown(coding.trim(), CODING, contentEncoding);
  const what = came === undefined ? 'a Content-Encoding' : `the Content-Encoding ${came}`;
  return `The body has ${what}. Send it without one.`;
}

const FORM = 'application/x-www-form-urlencoded';
const SEND_JSON = 'Send Content-Type: application/json.';

/** Narrower than RFC 9110 section 8.3.1 allows: what is longer or looks stranger is not repeated. */
const MEDIA_TYPE = /^[a-z]{1,20}\/[a-z0-9.+-]{1,60}$/i;
const CODING = /^[a-z0-9._-]{1,30}$/i;

/** Some clients name their charset here, as if it were a coding (RFC 9110 section 8.4). */
function encodesNothing(coding: string): boolean {
  return coding === '' || coding.toLowerCase() === 'identity' || isCharset(coding);
}

function isCharset(name: string): boolean {
  try {
    return new TextDecoder(name).encoding !== '';
  } catch {
    return false;
  }
}
