import { REFERENCES } from './escapes.ts';

/**
 * Whether a secret is so short that it occurs in other text by chance, and its base64 or hexadecimal form in ids,
 * hashes and pictures. Eight characters give at least ten of base64, which is 60 bits.
 */
export function isCommon(secret: string): boolean {
  return secret.length < 8;
}

/**
 * A secret as it is and, if it is long enough, as it looks in base64 (RFC 4648 sections 4 and 5) and hexadecimal, also
 * inside a longer encoded text, such as a request's headers in JSON.
 */
export function plainSpellings(secret: string): readonly string[] {
  if (isCommon(secret)) return [secret];
  const written = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
  return [...new Set([secret, ...written.flatMap(encodings)])];
}

function encodings(text: string): string[] {
  const hex = Buffer.from(text).toString('hex');
  const base64 = [0, 1, 2].map((before) => base64Core(text, before));
  const base64url = base64.map((core) => core.replaceAll('+', '-').replaceAll('/', '_'));
  return [...base64, ...base64url, hex, hex.toUpperCase()];
}

/** The base64 characters that depend only on the text, if 3n + `before` other bytes come before it. */
function base64Core(text: string, before: number): string {
  const base64 = Buffer.from('\0'.repeat(before) + text).toString('base64');
  const whole = Math.floor(((before + text.length) * 8) / 6);
  return base64.slice(Math.ceil((before * 8) / 6), whole);
}

/**
 * For a secret that looks like an escape itself, such as `a%41`: resolving a layer of escapes would resolve the
 * secret's own. So this pattern matches it with each character escaped or not. Undefined for all others.
 */
export function ambiguousPattern(secret: string): RegExp | undefined {
  if (!/[%\\&]/.test(secret)) return undefined;
  const pieces = secret.match(/\\{2,}|[^]/g) ?? [];
  return new RegExp(pieces.map(spellingsOf).join(''), 'g');
}

/**
 * A run of backslashes is one piece: taken one by one, they could match a text's in exponentially many ways. If some
 * are escaped, any number of unescaped ones may come before and after them.
 */
function spellingsOf(piece: string): string {
  if (piece.length === 1) return spellingsOfOne(piece);
  const count = piece.length;
  // An escape's own backslashes are the last of those before it: matched apart, there would be many ways, too.
  const escaped = encodedSpellings('\\', '(?<=\\\\)').join('|');
  const beside = `\\\\{0,${4 * count}}`;
  return `(?:(?:${beside}(?:${escaped})){1,${count}}${beside}|\\\\{${count},${4 * count}})`;
}

function spellingsOfOne(character: string): string {
  // What JSON may write with a backslash before it (RFC 8259 section 7); elsewhere that is another character's end.
  const backslashes = '"\\/'.includes(character) ? '\\\\{0,3}?' : '';
  const hex = hexOf(character);
  // Itself last: a secret that ends in `%` or `\` would take only the first character of `%25` or `\u005c`.
  return `(?:${[...encodedSpellings(character), `${backslashes}\\x${hex}`].join('|')})`;
}

/** @param backslashes before what is after them in an escape of JSON or JavaScript */
function encodedSpellings(character: string, backslashes = '\\\\{1,8}'): string[] {
  const anyCase = hexOf(character).replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
  const names = REFERENCES.filter(([, meant]) => meant === character).map(([name]) => name);
  const numbers = [`#[xX]0*${anyCase};?`, `#0*${character.charCodeAt(0)};?`];
  return [
    `%(?:25)*${anyCase}`,
    `${backslashes}(?:u00|x)${anyCase}`,
    `&(?:amp;)*(?:${[...numbers, ...names].join('|')})`,
  ];
}

function hexOf(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(2, '0');
}
