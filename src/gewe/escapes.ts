/**
 * The usual escapes of a character: percent-encoding (RFC 3986 section 2.1), the escapes of JSON strings (RFC 8259
 * section 7) and of JavaScript (`\x74`), the character references of HTML. Only for printable ASCII, of which secrets
 * are made. By hand and on bytes, because answers can be megabytes of anything: a regular expression with a callback
 * took seconds for some.
 */

const PERCENT = 0x25;
const AMPERSAND = 0x26;
const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const SLASH = 0x2f;

/** Without one of these bytes nothing is escaped. */
export const INTRODUCERS: readonly number[] = [PERCENT, AMPERSAND, BACKSLASH];

/** A part of a text: where it begins, and where it has ended. */
export type Range = readonly [start: number, end: number];

/** The bytes with one layer of escapes resolved, each to one character; the same Buffer where there is none. */
export function unescaped(bytes: Buffer): Buffer {
  const written = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length;) {
    const found = escapeAt(bytes, at);
    written[length++] = found === 0 ? (bytes[at] as number) : codeOf(found);
    at += found === 0 ? 1 : lengthOf(found);
  }
  return length === bytes.length ? bytes : written.subarray(0, length);
}

/** Where ranges of `unescaped(bytes)` are in `bytes`. They must be in order. */
export function rangesInEscaped(bytes: Buffer, ranges: readonly Range[]): Range[] {
  let at = 0;
  let index = 0;
  const place = (wanted: number) => {
    for (; index < wanted; index++) at += lengthOf(escapeAt(bytes, at)) || 1;
    return at;
  };
  return ranges.map(([start, end]) => [place(start), place(end)]);
}

/** The range, extended to whole JSON escapes if it begins or ends inside one. */
export function withWholeEscapes(bytes: Buffer, [start, end]: Range): Range {
  // From before the longest escape, and from the first of several backslashes: each second one is escaped.
  let at = Math.max(0, start - 6);
  while (bytes[at - 1] === BACKSLASH) at -= 1;
  let [first, last] = [start, end];
  while (at < end) {
    const next = at + jsonLength(bytes, at);
    if (at < start && start < next) first = at;
    if (at < end && end < next) last = next;
    at = next;
  }
  return [first, last];
}

/** The length of what JSON reads as one character at `at` (RFC 8259 section 7). */
function jsonLength(bytes: Buffer, at: number): number {
  if (bytes[at] !== BACKSLASH) return 1;
  if (isAt(bytes, at + 1, 'u')) return hasDigits(bytes, at + 2, 4) ? 6 : 1;
  return ['"', '\\', '/', 'b', 'f', 'n', 'r', 't'].some((one) => isAt(bytes, at + 1, one)) ? 2 : 1;
}

/** The escape that begins at `at`: its character in the low 7 bits, its length above them. 0 for none. */
function escapeAt(bytes: Buffer, at: number): number {
  switch (bytes[at]) {
    case PERCENT:
      return percentAt(bytes, at);
    case BACKSLASH:
      return backslashAt(bytes, at);
    case AMPERSAND:
      return referenceAt(bytes, at);
    default:
      return 0;
  }
}

const escape = (code: number, length: number) => (code === 0 ? 0 : (length << 7) | code);
const codeOf = (found: number) => found & 0x7f;
const lengthOf = (found: number) => found >> 7;

function percentAt(bytes: Buffer, at: number): number {
  return escape(hexAt(bytes, at + 1), 3);
}

function backslashAt(bytes: Buffer, at: number): number {
  const next = bytes[at + 1] ?? 0;
  if (next === QUOTE || next === SLASH || next === BACKSLASH) return escape(next, 2);
  if (isAt(bytes, at + 1, 'u00')) return escape(hexAt(bytes, at + 4), 6);
  return isAt(bytes, at + 1, 'x') ? escape(hexAt(bytes, at + 2), 4) : 0;
}

/** The character references that every writer of HTML makes. */
export const REFERENCES: readonly (readonly [name: string, character: string])[] = [
  ['amp;', '&'],
  ['lt;', '<'],
  ['gt;', '>'],
  ['quot;', '"'],
  ['apos;', "'"],
];

function referenceAt(bytes: Buffer, at: number): number {
  if (!isAt(bytes, at + 1, '#')) {
    const named = REFERENCES.find(([name]) => isAt(bytes, at + 1, name));
    return named === undefined ? 0 : escape(named[1].charCodeAt(0), 1 + named[0].length);
  }
  const base = isAt(bytes, at + 2, 'x') || isAt(bytes, at + 2, 'X') ? 16 : 10;
  let end = at + (base === 16 ? 3 : 2);
  let code = 0;
  for (let digit; (digit = digitAt(bytes, end)) < base; end++) {
    // Beyond ASCII, the exact value does not matter.
    if (code < 0x80) code = code * base + digit;
  }
  if (code < 0x21 || code > 0x7e) return 0;
  if (isAt(bytes, end, ';')) return escape(code, end + 1 - at);
  // Its next digit or its end may itself be escaped: then it is found one layer further down.
  if (bytes[end] !== AMPERSAND && escapeAt(bytes, end) !== 0) return 0;
  return escape(code, end - at);
}

/** The printable character of two hexadecimal digits; 0 for none. */
function hexAt(bytes: Buffer, at: number): number {
  const code = 16 * digitAt(bytes, at) + digitAt(bytes, at + 1);
  return code >= 0x21 && code <= 0x7e ? code : 0;
}

function hasDigits(bytes: Buffer, from: number, count: number): boolean {
  for (let at = from; at < from + count; at++) if (digitAt(bytes, at) === NO_DIGIT) return false;
  return true;
}

/** Larger than any digit's value, and any character's. */
const NO_DIGIT = 0x100;

/** The value of a hexadecimal digit, or NO_DIGIT. */
function digitAt(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : NO_DIGIT;
}

function isAt(bytes: Buffer, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}
