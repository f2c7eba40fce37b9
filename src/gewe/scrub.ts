const MARK = '***';

export interface Scrubber {
  /** The same bytes with every token cut out; the very same Buffer where there is none. */
  bytes(bytes: Buffer): Buffer;
  text(text: string): string;
}

/**
 * Cuts tokens out of all that leaves. A token is found as it is, percent-encoded (RFC 3986 section 2.1) and in
 * JSON's escapes (RFC 8259 section 7), also where single characters of it are encoded and others are not.
 *
 * @param tokens the token in force and those before it: a call that began with the old one may still echo it
 */
export function createScrubber(tokens: () => readonly string[]): Scrubber {
  const patterns = new Map<string, RegExp>();
  const patternFor = (token: string) => {
    const known = patterns.get(token) ?? patternOf(token);
    patterns.set(token, known);
    return known;
  };

  // The longest first: one token may be the beginning of another, whose rest would stay.
  const text = (value: string) =>
    tokens()
      .toSorted((one, other) => other.length - one.length)
      .reduce((left, token) => left.replace(patternFor(token), MARK), value);

  return {
    text,
    bytes(value) {
      // Most answers hold neither the token nor anything that could spell it otherwise.
      const encoded = value.includes(0x25) || value.includes(0x5c);
      if (!encoded && !tokens().some((token) => value.includes(token))) return value;
      // Tokens are ASCII, so one character a byte loses nothing on the way there and back.
      const before = value.toString('latin1');
      const after = text(before);
      return after === before ? value : Buffer.from(after, 'latin1');
    },
  };
}

function patternOf(token: string): RegExp {
  const spelled = [...token].map((character) => {
    const hex = character.charCodeAt(0).toString(16).padStart(2, '0');
    const anyCase = hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
    // What JSON may write with a backslash before it (RFC 8259 section 7); elsewhere that is another character's end.
    const escape = '"\\/'.includes(character) ? '\\\\?' : '';
    // Itself last: a token that ends in `%` or `\` would take only the first character of `%25` or `\u005c`.
    return `(?:%${anyCase}|\\\\u00${anyCase}|${escape}\\x${hex})`;
  });
  return new RegExp(spelled.join(''), 'g');
}
