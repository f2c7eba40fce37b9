/** Reading a body so that no other reader can understand it otherwise. Pure. */

export type JsonReading =
  | { readonly kind: 'object'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'not-json' }
  | { readonly kind: 'not-an-object' }
  | { readonly kind: 'duplicate-key'; readonly key: string };

// A byte order mark is kept, and then refused by JSON.parse: RFC 8259 section 8.1 forbids to send one.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads UTF-8 bytes as one JSON object whose top-level keys are unique in every spelling. */
export function readJsonObject(bytes: Buffer): JsonReading {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch {
    return { kind: 'not-json' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'not-an-object' };
  }
  const key = firstDuplicate(topLevelKeys(text));
  if (key !== undefined) return { kind: 'duplicate-key', key };
  return { kind: 'object', value: value as Record<string, unknown> };
}

/**
 * The keys of the outermost object of a text that is known to be valid JSON, in order, escapes resolved.
 * JSON.parse keeps the last of two equal keys and other parsers the first (RFC 8259 section 4).
 */
function topLevelKeys(text: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  let expectsKey = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      // Strings are taken whole, so that a bracket or a comma within one does not count.
      const end = endOfString(text, at);
      if (expectsKey) keys.push(JSON.parse(text.slice(at, end + 1)) as string);
      expectsKey = false;
      at = end;
    } else if (character === '{' || character === '[') {
      depth += 1;
      expectsKey = depth === 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
    } else if (character === ',') {
      expectsKey = depth === 1;
    }
  }
  return keys;
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
