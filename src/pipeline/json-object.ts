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
  // Strings are taken whole, so that a bracket or a comma within one does not count.
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/gs)) {
    if (token === '{' || token === '[') {
      depth += 1;
      expectsKey = depth === 1;
    } else if (token === '}' || token === ']') {
      depth -= 1;
    } else if (token === ',') {
      expectsKey = depth === 1;
    } else if (depth === 1 && expectsKey) {
      keys.push(JSON.parse(token) as string);
      expectsKey = false;
    }
  }
  return keys;
}

function firstDuplicate(keys: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return keys.find((key) => seen.size === seen.add(key).size);
}
