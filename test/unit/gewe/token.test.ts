import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createScrubber } from '../../../src/gewe/scrub.ts';
import { createTokenSource } from '../../../src/gewe/token.ts';

describe('createScrubber', () => {
  test.each(['\\', '\\\\', '\n', '"', '/'])(
    'leaves valid JSON if %j comes before the token',
    (before) => {
      const { text } = createScrubber(() => ['tok-4f9d']);
      const answer = JSON.stringify({ ret: 200, msg: `C:${before}tok-4f9d` });
      expect(JSON.parse(text(answer))).toEqual({ ret: 200, msg: `C:${before}***` });
    },
  );

  const spellings = (character: string): fc.Arbitrary<string> => {
    const hex = character.charCodeAt(0).toString(16).padStart(2, '0');
    return fc.constantFrom(
      character,
      `%${hex}`,
      `%${hex.toUpperCase()}`,
      `\\u00${hex}`,
      `\\u00${hex.toUpperCase()}`,
    );
  };
  const tokens = fc
    .array(fc.integer({ min: 0x21, max: 0x7e }), { minLength: 4, maxLength: 12 })
    .map((codes) => String.fromCharCode(...codes));
  const spelledTokens = tokens.chain((token) =>
    fc
      .tuple(...[...token].map(spellings))
      .map((characters) => ({ token, spelled: characters.join('') })),
  );

  test('redacts a token in any mixture of spellings, and leaves what is around it', () => {
    fc.assert(
      fc.property(spelledTokens, ({ token, spelled }) => {
        const scrubber = createScrubber(() => [token]);

        expect(scrubber.text(`前 ${spelled} 后`)).toBe('前 *** 后');
        expect(String(scrubber.bytes(Buffer.from(`前 ${spelled} 后`)))).toBe('前 *** 后');
      }),
    );
  });

  // The mixtures above contain these in less than one of a hundred runs.
  test.each([
    ['\\\\!!', '\\\\u005c!!'],
    ['\\\\!!', '\\u005c\\!!'],
    ['tok!\\u', 'tok!\\u'],
    ['tok!\\u', 'tok!\\\\u0075'],
  ])('redacts the token %j spelled as %j', (token, spelled) => {
    expect(createScrubber(() => [token]).text(`前 ${spelled} 后`)).toBe('前 *** 后');
  });

  test('redacts a token as JSON.stringify spells it', () => {
    fc.assert(
      fc.property(tokens, (token) => {
        const { text } = createScrubber(() => [token]);

        expect(text(JSON.stringify({ m: ` ${token} ` }))).toBe('{"m":" *** "}');
        expect(text(` ${encodeURIComponent(token)} `)).toBe(' *** ');
      }),
    );
  });

  test('returns the same buffer if there is no token', () => {
    const { bytes } = createScrubber(() => ['tok-1']);
    for (const body of ['{"a":"名"}', '{"a":"\\u540d 100%"}', '']) {
      const given = Buffer.from(body);

      expect(bytes(given)).toBe(given);
    }
  });

  test('keeps bytes that are not text', () => {
    const { bytes } = createScrubber(() => ['tok-1']);

    const cut = bytes(Buffer.concat([Buffer.from([0, 0xff, 0xfe]), Buffer.from('tok-1')]));

    expect([...(cut ?? [])]).toEqual([0, 0xff, 0xfe, 0x2a, 0x2a, 0x2a]);
  });

  test('redacts every occurrence of every token, even if one is a prefix of another', () => {
    for (const known of [
      ['abcd', 'abcdef'],
      ['abcdef', 'abcd'],
    ]) {
      const { text } = createScrubber(() => known);

      expect(text('abcdef abcd abcdef')).toBe('*** *** ***');
    }
  });

  test('uses the current tokens', () => {
    let known = ['one-token'];
    const { text } = createScrubber(() => known);
    known = ['two-token', ...known];

    expect(text('one-token two-token')).toBe('*** ***');
  });
});

describe('createTokenSource', () => {
  function source(...reads: (string | Error)[]) {
    const events: string[] = [];
    const read = async () => {
      const next = reads.shift() ?? 'first';
      if (next instanceof Error) throw next;
      return next;
    };
    const tokens = createTokenSource('first', read, {
      unreadable: (reason) => events.push(`unreadable ${reason}`),
      rotated: () => events.push('rotated'),
      rejected: () => events.push('rejected'),
    });
    return { tokens, events };
  }

  test('for a token from the environment never changes', async () => {
    const silent = { unreadable() {}, rotated() {}, rejected() {} };
    const tokens = createTokenSource('first', undefined, silent);

    expect(await tokens.refresh('first')).toBe(false);
    expect(tokens.current()).toBe('first');
  });

  test('reports after a reload whether the token differs from the one used', async () => {
    const { tokens, events } = source('first', 'second', 'second', 'second');

    expect(await tokens.refresh('first')).toBe(false);
    expect(await tokens.refresh('first')).toBe(true);
    expect(await tokens.refresh('second')).toBe(false);
    expect(await tokens.refresh('first')).toBe(true);
    expect(tokens.known()).toEqual(['second', 'first']);
    expect(events).toEqual(['rotated']);
  });

  test('keeps the current token if its source cannot be read', async () => {
    const { tokens, events } = source(new Error('it is gone'));

    expect(await tokens.refresh('first')).toBe(false);
    expect(tokens.current()).toBe('first');
    expect(events).toEqual(['unreadable it is gone']);
  });

  test('remembers eight tokens, the newest first', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `token-${index}`);
    const { tokens } = source(...names);
    for (const name of names) await tokens.refresh(name);

    expect(tokens.known()).toEqual(names.slice(2).reverse());
  });

  test('reports a rejection of the current token once, until a token is accepted or rotated', async () => {
    const { tokens, events } = source('second');
    tokens.report('older', 'rejected');
    expect(tokens.isRejected()).toBe(false);

    tokens.report('first', 'rejected');
    tokens.report('first', 'rejected');
    tokens.report('older', 'accepted');
    expect(tokens.isRejected()).toBe(true);
    tokens.report('first', 'accepted');
    expect(tokens.isRejected()).toBe(false);
    tokens.report('first', 'rejected');
    await tokens.refresh('first');
    expect(tokens.isRejected()).toBe(false);

    expect(events).toEqual(['rejected', 'rejected', 'rotated']);
  });

  test('is accepted only once a call with the current token was answered', async () => {
    const { tokens } = source('second');
    tokens.report('older', 'accepted');
    expect(tokens.isAccepted()).toBe(false);
    tokens.report('first', 'accepted');
    expect(tokens.isAccepted()).toBe(true);
    await tokens.refresh('first');
    expect(tokens.isAccepted()).toBe(false);
  });
});
