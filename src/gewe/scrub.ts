import { inEscaped, INTRODUCERS, unescaped, withWholeEscapes, type Range } from './escapes.ts';
import { ambiguousPattern, isCommon, plainSpellings } from './spellings.ts';

const MARK = Buffer.from('***');

/** How many layers of escapes are looked under: what was escaped for JSON, for a URL and for a log has three. */
const LAYERS = 5;

export interface Scrubber {
  /** The same bytes with every token cut out; the very same Buffer where there is none. */
  bytes(bytes: Buffer): Buffer;
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

  const without = (secrets: readonly string[], value: Buffer): Buffer => {
    const all = secrets.map(searchFor);
    // Most answers hold neither a token nor anything that could spell it otherwise.
    const ranges = INTRODUCERS.some((byte) => value.includes(byte))
      ? findUnderLayers(value, all)
      : apart(all.flatMap((search) => findIn(value, search)));
    return ranges.length === 0 ? value : cut(value, ranges);
  };
  return {
    bytes: (value) => without(tokens(), value),
    text(value) {
      const before = Buffer.from(value);
      const after = without(tokens(), before);
      return after === before ? value : after.toString();
    },
    holds(value) {
      const before = Buffer.from(value);
      const telling = tokens().filter((token) => !isCommon(token) || token === value);
      return without(telling, before) !== before;
    },
  };
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
  const ranges = needles.flatMap((needle) => everyPlaceOf(needle, bytes));
  if (pattern === undefined) return ranges;
  // Secrets are ASCII, so one character a byte loses nothing.
  const matches = bytes.toString('latin1').matchAll(pattern);
  return [
    ...ranges,
    ...Array.from(matches, ({ 0: match, index }): Range => [index, index + match.length]),
  ];
}

function everyPlaceOf(needle: Buffer, bytes: Buffer): Range[] {
  const ranges: Range[] = [];
  for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + needle.length)) {
    ranges.push([at, at + needle.length]);
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
