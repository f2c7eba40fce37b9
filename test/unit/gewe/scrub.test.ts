import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createScrubber } from '../../../src/gewe/scrub.ts';
import { ENCODINGS, secretAt, wrapped } from '../../support/encodings.ts';

const TOKEN = 'tok-4f9d1c7e5b2a';
const { text, bytes } = createScrubber(() => [TOKEN]);

/** Whether resolving escapes would change the secret itself. */
const looksEscaped = (secret: string) => /%[0-9a-f]{2}|\\[ux"\\/]|&[#a-z]/i.test(secret);

function expectCut(secret: string, through: readonly ((text: string) => string)[]): void {
  const encoded = through.reduce((spelled, encode) => encode(spelled), secret);

  expect(createScrubber(() => [secret]).text(`前 ${encoded} 后`)).toMatch(/^前 \*+ 后$/);
}

describe('createScrubber', () => {
  test('redacts a token in up to three nested encodings', () => {
    const secrets = secretAt({ minLength: 8, maxLength: 40 }).filter((one) => !looksEscaped(one));
    fc.assert(
      fc.property(secrets, fc.array(fc.constantFrom(...ENCODINGS), { maxLength: 3 }), expectCut),
    );
  });

  test('redacts a token that looks escaped itself, in any one encoding', () => {
    const secrets = fc
      .array(fc.constantFrom('%41', '%25', '\\u0074', '\\"', '&lt;', '&#65;', '/', 'a', '7'), {
        minLength: 4,
        maxLength: 9,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(secrets, fc.array(fc.constantFrom(...ENCODINGS), { maxLength: 1 }), expectCut),
    );
  });

  test('redacts a token in base64 and hexadecimal of a longer text, at every alignment', () => {
    fc.assert(
      fc.property(
        secretAt({ minLength: 8, maxLength: 40 }),
        fc.nat(8),
        fc.nat(8),
        (secret, before, after) => {
          const longer = Buffer.from('b'.repeat(before) + secret + 'a'.repeat(after));
          const scrubber = createScrubber(() => [secret]);
          for (const encoding of ['base64', 'base64url', 'hex'] as const) {
            const cut = scrubber.text(`<${longer.toString(encoding)}>`);

            const [left = '', right = ''] = cut.slice(1, -1).split('***');
            // The secret's neighbours determine some bits of the characters at the ends.
            expect(cut).toContain('***');
            expect(left.length).toBeLessThanOrEqual(before * 2 + 2);
            expect(right.length).toBeLessThanOrEqual(after * 2 + 4);
          }
        },
      ),
    );
  });

  test('does not look for a short token in base64 and hexadecimal, where its few characters occur by chance', () => {
    const scrubber = createScrubber(() => ['tok-4f9']);

    expect(scrubber.text('dG9rLTRmOQ 746f6b2d346639 tok-4f9')).toBe(
      'dG9rLTRmOQ 746f6b2d346639 ***',
    );
  });

  test.each([
    '&#97%3Bbcdefgh12',
    '&#97\\u003bbcdefgh12',
    'abcdefgh&#49\\u003b2',
    '&#x6\\u0031;bcdefgh12',
  ])('redacts a token in %s, where a part of an escape is escaped', (written) => {
    expect(createScrubber(() => ['abcdefgh12']).text(`{"m":"${written}"}`)).toBe('{"m":"***"}');
  });

  test('handles a long run of backslashes without exponential time, for a token that contains one', () => {
    const scrubber = createScrubber(() => [`a${'\\'.repeat(8)}b`]);
    const hostile = `a${'\\'.repeat(100_000)}`;

    // If each backslash were a separate choice, this would take years.
    expect(scrubber.text(hostile)).toBe(hostile);
    expect(scrubber.text(`a${'\\'.repeat(16)}b`)).toBe('***');
  });

  test('returns nothing of bytes that repeat a token more than a thousand times', () => {
    const times = (count: number) => Buffer.from(`"${TOKEN} "`.repeat(count));
    expect(bytes(times(1000))?.toString()).toBe('"*** "'.repeat(1000));
    expect(bytes(times(1001))).toBeUndefined();
    expect(text(times(1001).toString())).toBe('***');
  });

  test('detects a token in a text, and a short token only if it is the whole text', () => {
    const scrubber = createScrubber(() => ['tok-4f9d', 'abc']);
    const texts = ['crm-tok-4f9d', 'crm-tok%2D4f9d', 'abc', 'wx_abc', 'crm'];
    expect(texts.map((one) => scrubber.holds(one))).toEqual([true, true, true, false, false]);
  });

  test('leaves valid JSON, wherever in a string the token was and whatever was escaped around it', () => {
    const around = fc.string({
      unit: fc.constantFrom('\\', '"', '\n', '\t', 'u', '0', '名', '%', '&', '/', 'a'),
    });
    fc.assert(
      fc.property(
        secretAt({ minLength: 4, maxLength: 12 }),
        wrapped,
        around,
        around,
        (secret, wrap, before, after) => {
          const scrubber = createScrubber(() => [secret]);
          const body = JSON.stringify({ ret: 200, data: [wrap(before + secret + after)], id: 1 });

          const cut = String(scrubber.bytes(Buffer.from(body)));

          expect(JSON.parse(cut)).toMatchObject({ ret: 200, id: 1 });
          expect(scrubber.holds(cut)).toBe(false);
        },
      ),
    );
  });

  test.each([
    ['a tab whose letter is the first of the token', 'tok-4f9d', '"\\tok-4f9d"', '"***"'],
    ['an escape whose digits begin the token', '4f60abcd', '"\\u4f60abcd"', '"***"'],
    ['an escape that the token ends in', 'tok-4f9\\', '"tok-4f9\\n."', '"***."'],
    ['an escaped backslash before it', 'tok-4f9d', '"\\\\tok-4f9d"', '"\\\\***"'],
  ])('redacts the whole of %s, so that JSON stays valid', (_what, secret, body, cut) => {
    expect(createScrubber(() => [secret]).text(body)).toBe(cut);
  });

  test('redacts nothing after a backslash that ends the token and begins no escape', () => {
    expect(createScrubber(() => ['tok-4f9\\']).text('tok-4f9\\ and')).toBe('*** and');
  });

  test('returns text without a token unchanged, however much of it is escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'%\\&#;u0x25674amp"tok-') }), (given) => {
        const buffer = Buffer.from(given);

        expect(text(given)).toBe(given);
        expect(bytes(buffer)).toBe(buffer);
      }),
    );
  });

  test.each(['%25', '\\', '&amp;', '%', '%5c', '&#0'])(
    'scans a megabyte of %s without quadratic time',
    (piece) => {
      const megabytes = Buffer.from(piece.repeat(Math.ceil(1_000_000 / piece.length)) + TOKEN);

      // In quadratic time, this would take hours.
      expect(bytes(megabytes)?.toString().endsWith('***')).toBe(true);
    },
  );
});
