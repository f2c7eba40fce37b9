/** Reads a body so that no other parser can understand it differently. Pure. */
import { isUtf8 } from 'node:buffer';

export type JsonReading =
  | {
      readonly kind: 'object';
      readonly value: Readonly<Record<string, unknown>>;
      /** The values of the top-level keys as they are written: only some parsers read `2.9999999999999999999` as 3. */
      readonly texts: ReadonlyMap<string, string>;
    }
  /** With words for its sender. */
  | { readonly kind: 'not-json'; readonly why: string }
  | { readonly kind: 'not-an-object'; readonly value: unknown }
  | { readonly kind: 'duplicate-key'; readonly key: string };

/** Keys that decide something, as `guardedKeys` makes them. */
export type GuardedKeys = ReadonlySet<string>;

/** Other spellings of these keys (`Option`, `app_id`) count as the same key, because lenient parsers accept them. */
export function guardedKeys(...keys: readonly string[]): GuardedKeys {
  return new Set(keys.map(fold));
}

/** Reads UTF-8 bytes as one JSON object whose top-level keys are unique in every spelling. */
export function readJsonObject(bytes: Buffer, guarded: GuardedKeys = new Set()): JsonReading {
  let text: string;
  let value: unknown;
  try {
    if (!isUtf8(bytes)) throw new TypeError('not UTF-8');
    // With a byte order mark, which RFC 8259 section 8.1 forbids to send, JSON.parse throws.
    text = bytes.toString();
    value = JSON.parse(text);
  } catch (error) {
    return { kind: 'not-json', why: jsonFault(bytes, error) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'not-an-object', value };
  }
  const seen = new Set<string>();
  const texts = new Map<string, string>();
  for (const member of topLevelMembers(text)) {
    const key = takenFor(member.key, guarded);
    if (seen.size === seen.add(key).size) return { kind: 'duplicate-key', key };
    texts.set(member.key, member.text);
  }
  return { kind: 'object', value: value as Record<string, unknown>, texts };
}

/** The guarded key, folded, that some parser takes `key` for; otherwise `key` itself. */
function takenFor(key: string, guarded: GuardedKeys): string {
  // For a parser with C strings, a key ends at its first NUL (DaveGamble/cJSON#588).
  const end = key.indexOf('\0');
  if (end >= 0) {
    const start = fold(key.slice(0, end));
    if (guarded.has(start)) return start;
  }
  const name = fold(key);
  return guarded.has(name) ? name : key;
}

/** A longer name cannot spell a guarded key. Normalising can make a name eighteen times as long. */
const LONGEST_SPELLING = 64;

/**
 * A name without the differences that lenient parsers ignore: case (golang/go#14750), dashes (alibaba/fastjson#3761)
 * and, to be on the safe side, marks, widths and invisible characters.
 */
function fold(key: string): string {
  if (PLAIN.test(key)) return key.toLowerCase();
  // Marks are removed before normalising, which sorts them in quadratic time. Upper case comes first, because only that
  // turns a dotless i into an i, as Java's equalsIgnoreCase does.
  const letters = lettersOf(key);
  if (letters.length > LONGEST_SPELLING) return letters;
  return lettersOf(letters.normalize('NFKD').toUpperCase().toLowerCase());
}

/** Names that folding only puts into lower case. */
const PLAIN = /^[A-Za-z0-9]{1,64}$/;

function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, '');
}

interface Member {
  /** With its escapes resolved. */
  readonly key: string;
  /** The value as it is written. */
  readonly text: string;
}

/**
 * The members of the outermost object of a text that is known to be valid JSON, in order. JSON.parse keeps the last
 * of two equal keys and other parsers the first (RFC 8259 section 4).
 */
function topLevelMembers(text: string): Member[] {
  const members: Member[] = [];
  let depth = 0;
  let key: string | undefined;
  let valueStart = 0;
  const close = (end: number) => {
    if (key !== undefined) members.push({ key, text: text.slice(valueStart, end).trim() });
    key = undefined;
  };
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        // Strings are skipped as a whole, so that brackets and commas in them do not count.
        const end = endOfString(text, at);
        if (depth === 1 && key === undefined) key = unquoted(text.slice(at, end + 1));
        at = end;
        break;
      }
      case COLON:
        if (depth === 1) valueStart = at + 1;
        break;
      case OPENING_BRACE:
      case OPENING_BRACKET:
        depth += 1;
        break;
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        if (depth === 1) close(at);
        depth -= 1;
        break;
      case COMMA:
        if (depth === 1) close(at);
    }
  }
  return members;
}

const [QUOTE, COLON, COMMA, BACKSLASH] = [0x22, 0x3a, 0x2c, 0x5c] as const;
const [OPENING_BRACE, CLOSING_BRACE, OPENING_BRACKET, CLOSING_BRACKET] = [
  0x7b, 0x7d, 0x5b, 0x5d,
] as const;

/** Where the string that begins at `start` has its closing quote. No regular expression: one overflows on long ones. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (let code; (code = text.charCodeAt(at)) !== QUOTE;) at += code === BACKSLASH ? 2 : 1;
  return at;
}

function unquoted(string: string): string {
  return string.includes('\\') ? (JSON.parse(string) as string) : string.slice(1, -1);
}

/**
 * Why a body is not JSON in UTF-8, in words for its sender that repeat nothing of the body. Pure.
 *
 * @param error what the decoder or JSON.parse threw at them
 */
function jsonFault(bytes: Buffer, error: unknown): string {
  if (bytes.every((byte) => WHITE_SPACE.includes(byte))) {
    return 'The body is empty. Send a JSON object.';
  }
  if (bytes.subarray(0, 3).equals(BYTE_ORDER_MARK)) {
    return 'The body begins with a byte order mark. Send it without.';
  }
  if (!(error instanceof SyntaxError)) return 'The body is not valid UTF-8.';
  // V8 quotes the body in some messages, but never after the position.
  const place = / \(line (\d+) column (\d+)\)$/.exec(error.message);
  if (place !== null) {
    return `The body is not valid JSON: the fault is at line ${place[1]}, column ${place[2]}.`;
  }
  return error.message === 'Unexpected end of JSON input'
    ? 'The body is not valid JSON: it ends too early.'
    : 'The body is not valid JSON.';
}

const WHITE_SPACE: readonly number[] = [...Buffer.from(' \t\r\n')];
const BYTE_ORDER_MARK = Buffer.from('\ufeff');
