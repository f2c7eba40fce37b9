/** What became of one call to the upstream, and how its raw answer is read. Pure. */

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
 * Reads a whole answer. The vendor answers everything with HTTP 200 and JSON; what is not that was made by
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

/**
 * The vendor's verdict, also if it is written as text (`"200"`). Undefined for JSON without one, which did not come
 * from the vendor. Never the HTTP status, never `msg`.
 */
export function retOf(json: unknown): number | undefined {
  const ret = isObject(json) ? json['ret'] : undefined;
  if (typeof ret === 'number') return ret;
  return typeof ret === 'string' && /^-?\d{1,9}$/.test(ret) ? Number(ret) : undefined;
}

/**
 * Whether the vendor itself reports a timeout: its own call to WeChat took too long. Seen as "获取通讯录列表超时" and
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

/** The vendor's `data`, if the answer is an object. */
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

/** Lenient, and past a byte order mark: one nickname that was cut in mid-character must not cost the other contacts. */
function parseJson(body: Buffer): unknown {
  const text = body.toString();
  try {
    return JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text) as unknown;
  } catch {
    return undefined;
  }
}

const BYTE_ORDER_MARK = '\ufeff';
