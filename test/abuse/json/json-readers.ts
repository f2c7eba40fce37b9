/** JSON parsers that are independent of JSON.parse, and differ from each other as real ones do. */

/** The values that a parser reads for the three relevant keys; undefined for a missing one. */
export interface Reading {
  readonly appId: unknown;
  readonly option: unknown;
  readonly v3: unknown;
}

/** How parsers match a key to a name. */
const BINDINGS: readonly (readonly [how: string, binds: (key: string, name: string) => boolean])[] =
  [
    ['exactly', (key, name) => key === name],
    // Go's encoding/json, Java's equalsIgnoreCase.
    ['whatever the case', (key, name) => caseless(key) === caseless(name)],
    // fastjson's smart match, Go's encoding/json/v2.
    ['without dashes', (key, name) => caseless(key.replace(/[-_ ]/g, '')) === caseless(name)],
    // cJSON.
    ['up to a NUL', (key, name) => caseless(key.split('\0', 1)[0] ?? '') === caseless(name)],
  ];

/** Of several values for one key, a parser uses the first or the last. */
const KEEPINGS = ['first', 'last'] as const;

/**
 * Reads a body with every way to match keys and every way to choose between duplicates; undefined if it is not an
 * object.
 */
export const READERS = BINDINGS.flatMap(([how, binds]) =>
  KEEPINGS.map((kept) => ({
    name: `finds names ${how}, keeps the ${kept}`,
    read(bytes: Buffer): Reading | undefined {
      const members = membersOf(bytes.toString());
      if (members === undefined) return undefined;
      const read = (name: string) =>
        members.filter(([key]) => binds(key, name)).at(kept === 'first' ? 0 : -1)?.[1];
      const option = read('option');
      return { appId: read('appId'), option: wholeNumber(option, kept), v3: read('v3') };
    },
  })),
);

/** Some parsers round a number that is not an integer, others read its leading digits. */
function wholeNumber(value: unknown, kept: 'first' | 'last'): unknown {
  if (!(value instanceof NumberText)) return value;
  return kept === 'first' ? Math.round(Number(value.text)) : Number.parseInt(value.text);
}

/** Compares characters as Go and Java do without case: by upper case, and by the lower case of that. */
function caseless(text: string): string {
  return [...text]
    .map((one) => one.toUpperCase().toLowerCase())
    .join('')
    .replaceAll('i\u0307', 'i');
}

/** A number as it is written. */
class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Member = readonly [key: string, value: unknown];

/** All members of a JSON object by RFC 8259, in order; undefined if it is not one. */
function membersOf(text: string): Member[] | undefined {
  let at = 0;
  const fail = (): never => {
    throw new SyntaxError(`Not JSON at ${at}`);
  };
  /** Consumes a match at this position and the white space after it. */
  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    if (found === undefined) return undefined;
    at += found.length;
    while (/^[ \t\n\r]$/.test(text.charAt(at))) at += 1;
    return found;
  }

  const string = () => {
    const found = take(/"(?:[^"\\]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y) ?? fail();
    if (found.split('').some((one) => one < ' ')) fail();
    return found
      .slice(1, -1)
      .replace(/\\(?:u(....)|(.))/g, (_, hex: string | undefined, letter: string) =>
        hex === undefined ? (SHORT[letter] ?? letter) : String.fromCharCode(parseInt(hex, 16)),
      );
  };
  function list<Item>(open: RegExp, item: () => Item, close: RegExp): Item[] | undefined {
    if (take(open) === undefined) return undefined;
    if (take(close) !== undefined) return [];
    const items = [item()];
    while (take(/,/y) !== undefined) items.push(item());
    return take(close) === undefined ? fail() : items;
  }
  const object = () =>
    list(/\{/y, (): Member => [string(), take(/:/y) === undefined ? fail() : value()], /\}/y);
  function value(): unknown {
    if (text[at] === '"') return string();
    const number = take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
    if (number !== undefined) return new NumberText(number);
    const literal = take(/true|false|null/y);
    if (literal !== undefined) return literal === 'null' ? null : literal === 'true';
    return object() ?? list(/\[/y, value, /\]/y) ?? fail();
  }

  try {
    take(/[ \t\n\r]*/y);
    const members = object();
    return at === text.length ? members : undefined;
  } catch {
    // The text is not JSON, or its nesting exceeds the stack.
    return undefined;
  }
}

const SHORT: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
