/** Readers of JSON that have nothing in common with JSON.parse, and differ where real ones do. */

/** What a reader takes for the three values that decide; undefined for one that it does not find. */
export interface Reading {
  readonly appId: unknown;
  readonly option: unknown;
  readonly v3: unknown;
}

/** How readers find the key of a body that is meant by a name. */
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

/** Of several values for one name, the first or the last counts. */
const KEEPINGS = ['first', 'last'] as const;

/** What reads bytes in every way to find a key and every way to choose between two; undefined where it is no object. */
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

/** Of a number that is not whole, one kind of reader makes the nearest, another takes the digits that come first. */
function wholeNumber(value: unknown, kept: 'first' | 'last'): unknown {
  if (!(value instanceof NumberText)) return value;
  return kept === 'first' ? Math.round(Number(value.text)) : Number.parseInt(value.text);
}

/** Character by character, as Go and Java compare without case: by upper case, and by the lower case of that. */
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

/** The members of a JSON object after RFC 8259, all of them and in order; undefined where it is none. */
function membersOf(text: string): Member[] | undefined {
  let at = 0;
  const fail = (): never => {
    throw new SyntaxError(`Not JSON at ${at}`);
  };
  /** Takes what matches here, and the white space after it. */
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
    // Not JSON, or nested deeper than the stack is.
    return undefined;
  }
}

const SHORT: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
