/** Reading a body so that no other reader can understand it otherwise. Pure. */
import { jsonFault } from './json-fault.ts';

export type JsonReading =
  | {
      readonly kind: 'object';
      readonly value: Readonly<Record<string, unknown>>;
      /** The values of the top-level keys as they are written: `2.9999999999999999999` is 3 only to some readers. */
      readonly texts: ReadonlyMap<string, string>;
    }
  /** With words for its sender. */
  | { readonly kind: 'not-json'; readonly why: string }
  | { readonly kind: 'not-an-object'; readonly value: unknown }
  | { readonly kind: 'duplicate-key'; readonly key: string };

// A byte order mark is kept, and then refused by JSON.parse: RFC 8259 section 8.1 forbids to send one.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads UTF-8 bytes as one JSON object whose top-level keys are unique in every spelling.
 *
 * @param guarded keys that decide something: of these, whatever a lenient reader takes for one of them counts as the
 *   same key too (`Option`, `app_id`)
 */
export function readJsonObject(bytes: Buffer, guarded: readonly string[] = []): JsonReading {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    return { kind: 'not-json', why: jsonFault(bytes, error) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'not-an-object', value };
  }
  const members = topLevelMembers(text);
  const deciding = new Set(guarded.map(fold));
  const key = firstDuplicate(members.map((member) => takenFor(member.key, deciding)));
  if (key !== undefined) return { kind: 'duplicate-key', key };
  const texts = new Map(members.map((member) => [member.key, member.text]));
  return { kind: 'object', value: value as Record<string, unknown>, texts };
}

/** The folded name out of `deciding` for which some reader takes a key, or the key itself. */
function takenFor(key: string, deciding: ReadonlySet<string>): string {
  // To a reader with C strings, a key ends at its first NUL (DaveGamble/cJSON#588).
  const end = key.indexOf('\0');
  const spellings = end < 0 ? [key] : [key, key.slice(0, end)];
  return spellings.map(fold).find((name) => deciding.has(name)) ?? key;
}

/** What has more letters is no spelling of a key that decides. Normalising makes up to eighteen times of them. */
const LONGEST_SPELLING = 64;

/**
 * A name without what lenient readers do not look at: case (golang/go#14750), dashes (alibaba/fastjson#3761), and to be
 * on the safe side marks, widths and all that cannot be seen.
 */
function fold(key: string): string {
  // Marks go before the normalising, which sorts them in quadratic time. Upper case comes first because only that makes
  // an i of the dotless one, which to Java's equalsIgnoreCase it is.
  const letters = lettersOf(key);
  if (letters.length > LONGEST_SPELLING) return letters;
  return lettersOf(letters.normalize('NFKD').toUpperCase().toLowerCase());
}

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
    const character = text[at];
    if (character === '"') {
      // Strings are taken whole, so that a bracket or a comma within one does not count.
      const end = endOfString(text, at);
      if (depth === 1 && key === undefined) key = JSON.parse(text.slice(at, end + 1)) as string;
      at = end;
    } else if (character === ':') {
      if (depth === 1) valueStart = at + 1;
    } else if (character === '{' || character === '[') {
      depth += 1;
    } else if (character === '}' || character === ']') {
      if (depth === 1) close(at);
      depth -= 1;
    } else if (character === ',') {
      if (depth === 1) close(at);
    }
  }
  return members;
}

/** Where the string that begins at `start` has its closing quote. No regular expression: one overflows on long ones. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function firstDuplicate(keys: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return keys.find((key) => seen.size === seen.add(key).size);
}
