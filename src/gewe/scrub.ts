import {
  rangesInEscaped,
  INTRODUCERS,
  unescaped,
  withWholeEscapes,
  type Range,
} from './escapes.ts';
import { ambiguousPattern, isCommon, plainSpellings } from './spellings.ts';

const MARK = Buffer.from('***');

/** How many layers of escapes are searched. Text that was escaped for JSON, for a URL and for a log has three. */
const MAX_LAYERS = 5;

/**
 * No honest answer repeats a token so often, and cutting it out in millions of places would block the process for
 * seconds.
 */
const MAX_PLACES = 1000;
class TooManyPlaces extends Error {}

export interface Scrubber {
  /**
   * The bytes with every token cut out; the same Buffer if there is none. Undefined if there are more than MAX_PLACES.
   */
  bytes(bytes: Buffer): Buffer | undefined;
  text(text: string): string;
  /** Whether the text contains a token. One of a few characters counts only if it is the whole text. */
  holds(text: string): boolean;
}

/**
 * Cuts tokens out of everything that leaves the gateway: in plain text, in base64 and hexadecimal, and under layers of
 * percent-encoding, JSON escapes and HTML references, in any mixture. JSON stays valid if they were in strings.
 *
 * This is for an upstream that echoes what it was sent, in any usual encoding. An upstream that wants to hide the token
 * can, for example by reversing it; but it has the token anyway.
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
      const distinctive = tokens().filter((token) => !isCommon(token) || token === value);
      return without(distinctive, before) !== before;
    },
  };
}

/** Whether the text is too short for any token: no spelling is shorter than the token itself. */
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
    : merged(searches.flatMap((search) => findIn(bytes, search)));
}

/** Where the tokens are in the bytes and under their escapes, in order, without overlaps. */
function findUnderLayers(bytes: Buffer, searches: readonly Search[]): Range[] {
  let found: Range[] = [];
  const above: Buffer[] = [];
  for (let layer = bytes; layer !== above.at(-1) && above.length <= MAX_LAYERS;) {
    let ranges = merged(searches.flatMap((search) => findIn(layer, search)));
    for (const escaped of above.toReversed()) ranges = rangesInEscaped(escaped, ranges);
    found = merged([...found, ...ranges]);
    above.push(layer);
    layer = unescaped(layer);
  }
  return merged(found.map((range) => withWholeEscapes(bytes, range)));
}

function findIn(bytes: Buffer, { needles, pattern }: Search): Range[] {
  const ranges: Range[] = [];
  const add = (start: number, length: number) => {
    if (ranges.length === MAX_PLACES) throw new TooManyPlaces();
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

/** In order, with those that overlap merged. */
function merged(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const [start, end] of ranges.toSorted((one, other) => one[0] - other[0])) {
    const last = result.at(-1);
    if (last === undefined || start >= last[1]) result.push([start, end]);
    else result[result.length - 1] = [last[0], Math.max(last[1], end)];
  }
  return result;
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
