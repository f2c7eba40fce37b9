import fc from 'fast-check';

type Encoding = (text: string) => string;

const hexOf = (character: string) => character.charCodeAt(0).toString(16).padStart(2, '0');
const each =
  (spell: (character: string) => string): Encoding =>
  (text) =>
    [...text].map(spell).join('');

/** Encodings of printable ASCII by other programs, in a URL, a JSON string, a page or a log. */
export const ENCODINGS: readonly Encoding[] = [
  encodeURIComponent,
  each((one) => `%${hexOf(one)}`),
  each((one) => `%${hexOf(one).toUpperCase()}`),
  each((one) => (/[a-z]/.test(one) ? one : `%${hexOf(one)}`)),
  (text) => JSON.stringify(text).slice(1, -1),
  (text) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
  each((one) => `\\u00${hexOf(one)}`),
  each((one) => `\\u00${hexOf(one).toUpperCase()}`),
  each((one) => (/\W/.test(one) ? `\\u00${hexOf(one)}` : one)),
  each((one) => `\\x${hexOf(one)}`),
  each((one) => `&#${one.charCodeAt(0)};`),
  each((one) => `&#x${hexOf(one)};`),
  each((one) => `&#X000${hexOf(one).toUpperCase()};`),
  (text) =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&apos;'),
];

/** Encodings that change a text even if the token is only a part of it. */
const WHOLE: readonly Encoding[] = [
  (text) => Buffer.from(text).toString('base64'),
  (text) => Buffer.from(text).toString('base64url'),
  (text) => Buffer.from(text).toString('hex'),
  (text) => Buffer.from(text).toString('hex').toUpperCase(),
];

/** One of several encodings, or several in sequence. */
export const wrapped: fc.Arbitrary<Encoding> = fc
  .tuple(
    fc.option(fc.constantFrom(...WHOLE), { nil: undefined }),
    fc.array(fc.constantFrom(...ENCODINGS), { maxLength: 2 }),
  )
  .map(
    ([whole, escapes]) =>
      (text) =>
        escapes.reduce((spelled, encode) => encode(spelled), whole?.(text) ?? text),
  );

/** Secrets of printable ASCII, including quotes, backslashes and percent signs. */
export function secretAt(length: { minLength: number; maxLength: number }): fc.Arbitrary<string> {
  return fc
    .array(fc.integer({ min: 0x21, max: 0x7e }), length)
    .map((codes) => String.fromCharCode(...codes));
}
