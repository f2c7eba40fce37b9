import { inEscaped, INTRODUCERS, unescaped, withWholeEscapes, type Range } from './escapes.ts';
import { ambiguousPattern, isCommon, plainSpellings } from './spellings.ts';

const MARK = Buffer.from('***');

/** How many layers of escapes are looked under: what was escaped for JSON, for a URL and for a log has three. */
const LAYERS = 5;

/** Nobody who means well repeats a token so often, and cutting millions of places would hold everybody up for seconds. */
const MOST_PLACES = 1000;
class TooManyPlaces extends Error {}

export interface Scrubber {
  /**
   * The same bytes with every token cut out; the very same Buffer where there is none. Undefined where they stand in more
   * places than anybody needs.
   */
  bytes(bytes: Buffer): Buffer | undefined;
  text(text: string): string;
  /** Whether there is a token in it. One of a few characters counts only where it is the whole text. */
  holds(text: string): boolean;
}

/**
 * Cuts tokens out of all that leaves: as they are, in base64 and hexadecimal, and under layers of percent-encoding, of
 * JSON's escapes and of HTML's, in any mixture. JSON stays JSON where they stood in strings.
 *
 * This is for an upstream that repeats what it was sent, in whatever form programs write text. One that wants to hide
 * a token from it can, reversed for example; but such a one has the token already.
 *
 * @param tokens the token in force and those before it: a call that began with the old one may still echo it
 */
export function createScrubber(tokens: () => readonly string[]): Scrubber {
  const searches = new Map<string, Search>();
  const searchFor = (token: string): Search => {
    const known = searches.get(token);
    if (known !== undefined) return known;
    for (const old of searches.keys()) if (!tokens().includes(old)) searches.delete(old);
    const search = createSearch(token);
    searches.set(token, search);
    return search;
  };

  const without = (secrets: readonly string[], value: Buffer): Buffer | undefined => {
    if (isTooShort(value.length, secrets)) return value;
    try {
      const ranges = rangesIn(value, secrets.map(searchFor));
      return ranges.length === 0 ? value : cut(value, ranges);
    } catch (error) {
      if (error instanceof TooManyPlaces) return undefined;
      throw error;
    }
  };
  return {
    bytes: (value) => without(tokens(), value),
    text(value) {
      if (isTooShort(value.length, tokens())) return value;
      const before = Buffer.from(value);
      const after = without(tokens(), before);
      return after === before ? value : (after ?? MARK).toString();
    },
    holds(value) {
      if (isTooShort(value.length, tokens())) return false;
      const before = Buffer.from(value);
      const telling = tokens().filter((token) => !isCommon(token) || token === value);
      return without(telling, before) !== before;
    },
  };
}

/** Whether there is no room for a token: none of its spellings is shorter than the token itself. */
function isTooShort(length: number, secrets: readonly string[]): boolean {
  return secrets.every((secret) => length < secret.length);
}

/** How one token is found in one layer. */
interface Search {
  readonly needles: readonly Buffer[];
  readonly pattern: RegExp | undefined;
}

function createSearch(token: string): Search {
  const needles = plainSpellings(token).map((one) => Buffer.from(one));
  return { needles, pattern: ambiguousPattern(token) };
}

function rangesIn(bytes: Buffer, searches: readonly Search[]): Range[] {
  // Most answers hold neither a token nor anything that could spell it otherwise.
  return INTRODUCERS.some((byte) => bytes.includes(byte))
    ? findUnderLayers(bytes, searches)
    : apart(searches.flatMap((search) => findIn(bytes, search)));
}

/** Where the tokens stand in the bytes and in what is under their escapes, in order and apart. */
function findUnderLayers(bytes: Buffer, searches: readonly Search[]): Range[] {
  let found: Range[] = [];
  const above: Buffer[] = [];
  for (let layer = bytes; layer !== above.at(-1) && above.length <= LAYERS;) {
    let ranges = apart(searches.flatMap((search) => findIn(layer, search)));
    for (const escaped of above.toReversed()) ranges = inEscaped(escaped, ranges);
    found = apart([...found, ...ranges]);
    above.push(layer);
    layer = unescaped(layer);
  }
  return apart(found.map((range) => withWholeEscapes(bytes, range)));
}

function findIn(bytes: Buffer, { needles, pattern }: Search): Range[] {
  const ranges: Range[] = [];
  const add = (start: number, length: number) => {
    if (ranges.length === MOST_PLACES) throw new TooManyPlaces();
    ranges.push([start, start + length]);
  };
  for (const needle of needles) {
    const { length } = needle;
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + length)) {
      add(at, length);
    }
  }
  if (pattern === undefined) return ranges;
  // Secrets are ASCII, so one character a byte loses nothing.
  for (const { 0: match, index } of bytes.toString('latin1').matchAll(pattern)) {
    add(index, match.length);
  }
  return ranges;
}

/** In order, and those that overlap as one. */
function apart(ranges: readonly Range[]): Range[] {
  const joined: Range[] = [];
  for (const [start, end] of ranges.toSorted((one, other) => one[0] - other[0])) {
    const last = joined.at(-1);
    if (last === undefined || start >= last[1]) joined.push([start, end]);
    else joined[joined.length - 1] = [last[0], Math.max(last[1], end)];
  }
  return joined;
}

function cut(bytes: Buffer, ranges: readonly Range[]): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const [start, end] of ranges) {
    pieces.push(bytes.subarray(from, start), MARK);
    from = end;
  }
  return Buffer.concat([...pieces, bytes.subarray(from)]);
}
