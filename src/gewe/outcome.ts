/** What became of one call to the upstream, and how its raw answer or its error is read. Pure. */

const JSON_TYPE = 'application/json';

export interface Answer {
  /** The upstream's bytes as they came. */
  readonly body: Buffer;
  readonly contentType: string;
  /** The body, parsed. The bytes are what goes out; this is only for deciding. */
  readonly json: unknown;
}

export type Outcome =
  /** HTTP 2xx with JSON, whatever its `ret` says. */
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'token-rejected' }
  /** An unusable answer: not 2xx, not JSON, too large, cut off. `why` is for people and repeats nothing of its content. */
  | {
      readonly kind: 'invalid';
      readonly why: string;
      /** The HTTP status, if that is what is wrong. */
      readonly status?: number;
    }
  /** No connection, or one that was lost before an answer began. `sent` is false only where that is proven. */
  | { readonly kind: 'unreachable'; readonly sent: boolean; readonly cause: unknown }
  /** No whole answer within the deadline. */
  | { readonly kind: 'timeout' }
  /** The gateway ended the call itself: its caller left, or it is stopping. `sent` is false only where that is proven. */
  | { readonly kind: 'aborted'; readonly sent: boolean };

/** The outcome of a call that was sent twice: whatever became of the second, the first may have arrived. */
export function afterRetry(outcome: Outcome): Outcome {
  return 'sent' in outcome ? { ...outcome, sent: true } : outcome;
}

export interface RawAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly body: Buffer;
}

/**
 * Reads a whole answer. GEWE answers everything with HTTP 200 and JSON; what is not that was made by
 * something in between.
 */
export function readAnswer(raw: RawAnswer): Outcome {
  if (raw.status < 200 || raw.status > 299) {
    return { kind: 'invalid', why: `HTTP status ${raw.status}`, status: raw.status };
  }
  // Asked for identity; what is compressed all the same could hide the token from the scrubber.
  if (raw.contentEncoding !== undefined && !/^(?:identity)?$/i.test(raw.contentEncoding.trim())) {
    return { kind: 'invalid', why: 'a compressed answer, though identity was asked for' };
  }
  if (raw.body.length === 0) return { kind: 'invalid', why: 'an empty answer' };
  const json = parseJson(raw.body);
  if (json === undefined) return { kind: 'invalid', why: 'an answer that is not JSON' };
  if (rejectsToken(json)) return { kind: 'token-rejected' };
  return {
    kind: 'answered',
    answer: { body: raw.body, contentType: jsonType(raw.contentType), json },
  };
}

/** JSON goes out as JSON, whatever a proxy in between called it: a browser must not take it for a page. */
function jsonType(given: string | undefined): string {
  // No comma: of two types, some readers take the second.
  const isJson = /^application\/(?:[\w.-]+\+)?json\s*(?:;[^,]*)?$/i.test(given ?? '');
  return isJson ? (given as string) : JSON_TYPE;
}

/** undici closes the connection at an unexpected interim answer. Only these messages tell it from other errors. */
const UNDICI_GIVES_UP_AT: ReadonlyMap<string, string> = new Map([
  ['bad response', '100 Continue'],
  ['bad upgrade', '101 Switching Protocols'],
]);

const NOT_HTTP = /^(?:HPE_|UND_ERR_HEADERS_OVERFLOW$|UND_ERR_RES_CONTENT_LENGTH_MISMATCH$)/;

/**
 * What an error before the head of an answer means.
 *
 * @param sent false only if it is proven that not a byte of the request can have reached the upstream: a charge is
 *   given back on no weaker evidence
 */
export function outcomeOfError(cause: Error, sent: boolean): Outcome {
  const { code, name, message } = cause as NodeJS.ErrnoException;
  // Something answered, but not in HTTP. undici's parser has codes of llhttp, or none.
  if (name === 'HTTPParserError' || NOT_HTTP.test(code ?? '')) {
    return { kind: 'invalid', why: 'an answer that is not HTTP' };
  }
  const interim = code === 'UND_ERR_SOCKET' ? UNDICI_GIVES_UP_AT.get(message) : undefined;
  return interim === undefined ? { kind: 'unreachable', sent, cause } : interimAnswer(interim);
}

/**
 * An interim answer (RFC 9110 section 15.2), after which undici does not read the final one.
 *
 * @param name its status, such as `100 Continue`
 */
function interimAnswer(name: string): Outcome {
  return {
    kind: 'invalid',
    why: `an interim answer (${name}) that the gateway cannot read past`,
    status: Number.parseInt(name, 10),
  };
}

/**
 * GEWE's verdict, also if it is written as text (`"200"`). Undefined for JSON without one, which did not come
 * from GEWE. Never the HTTP status, never `msg`.
 */
export function retOf(json: unknown): number | undefined {
  const ret = isObject(json) ? json['ret'] : undefined;
  if (typeof ret === 'number') return ret;
  return typeof ret === 'string' && /^-?\d{1,9}$/.test(ret) ? Number(ret) : undefined;
}

/**
 * Whether GEWE itself reports a timeout: its own call to WeChat took too long. Seen as "获取通讯录列表超时" and
 * "I/O error: Read timed out"; the details of a failure may be in `data` (`{code, msg}`).
 */
export function saysTimeout(json: unknown): boolean {
  const ret = retOf(json);
  if (ret === undefined || ret === 200) return false;
  return [json, dataOf(json)].some((part) => {
    const msg = isObject(part) ? part['msg'] : undefined;
    return typeof msg === 'string' && /超时|timed?[\s_-]?out/i.test(msg);
  });
}

/**
 * Whether an answer to fetchContactsList or fetchContactsListCache is a list worth keeping: `ret` 200, `data` with the
 * array `friends`, where `chatrooms` and `ghs` may also be null or missing, and at least one id in all. The cache endpoint
 * says `ret` 200 without a list if it has none, and an account that has just come online can answer with three empty
 * arrays: neither may replace a list.
 */
export function isGoodList(json: unknown): boolean {
  if (retOf(json) !== 200) return false;
  const data = dataOf(json);
  if (!isObject(data) || !Array.isArray(data['friends'])) return false;
  const others = [data['chatrooms'] ?? [], data['ghs'] ?? []];
  return others.every(Array.isArray) && [data['friends'], ...others].some(hasId);
}

function hasId(array: unknown): boolean {
  return (array as unknown[]).some((id) => typeof id === 'string' && id !== '');
}

/** GEWE's `data`, if the answer is an object. */
export function dataOf(json: unknown): unknown {
  return isObject(json) ? json['data'] : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Both messages seen begin with the header's name. Anchored, so that an upstream that quotes a caller elsewhere in
 * `msg` does not count.
 */
function rejectsToken(json: unknown): boolean {
  if (!isObject(json) || retOf(json) === 200) return false;
  const msg = json['msg'];
  return typeof msg === 'string' && /^\s*(?:http\s+)?header:\s*x-gewe-token\b/i.test(msg);
}

/**
 * The JSON of an answer; undefined if it has none. Lenient, and past a byte order mark: one nickname that was cut in
 * mid-character must not cost the other contacts.
 */
export function parseJson(body: Buffer): unknown {
  const text = body.toString();
  try {
    return JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text) as unknown;
  } catch {
    return undefined;
  }
}

const BYTE_ORDER_MARK = '\ufeff';
