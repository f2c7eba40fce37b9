import { describe, expect, test } from '@jest/globals';
import { readAddRequest as readWritten } from '../../../src/add-contacts/request.ts';
import { Refusal } from '../../../src/errors.ts';

function readAddRequest(body: Record<string, unknown>) {
  const texts = Object.entries(body).map(([key, value]) => [key, JSON.stringify(value)] as const);
  return readWritten(body, new Map(texts));
}

/** The kind of request that a body is, or the code of its refusal. */
function outcomeOf(body: Record<string, unknown>): string {
  const request = readAddRequest(body);
  return request instanceof Refusal ? request.code : request.kind;
}

describe('readAddRequest', () => {
  test.each(['2.0', '2e0', '2.9999999999999999999', '3.0000000000000000001', '4.0', '-2'])(
    'refuses the number %s, which not every JSON parser reads as the same option',
    (text) => {
      const option = JSON.parse(text) as number;
      const request = readWritten({ option, v3: 'v3_ann' }, new Map([['option', text]]));
      expect(request).toMatchObject({ code: 'invalid-option' });
    },
  );

  test.each([
    [2, 'add'],
    ['2', 'add'],
    [3, 'accept'],
    ['3', 'accept'],
    [4, 'reject'],
    ['4', 'reject'],
  ])('reads option %j as %s', (option, kind) => {
    expect(outcomeOf({ option, v3: 'v3_ann' })).toBe(kind);
  });

  test.each([
    undefined,
    null,
    0,
    1,
    5,
    2.5,
    -2,
    NaN,
    '',
    ' 2',
    '2 ',
    '02',
    '2.0',
    '0x2',
    '٢',
    true,
    [2],
    { valueOf: 2 },
  ])('refuses option %p', (option) => {
    expect(outcomeOf({ option, v3: 'v3_ann' })).toBe('invalid-option');
  });

  test.each([undefined, null, 7, '', '  ', 'x'.repeat(4097), '\ud800', ['v3'], {}])(
    'refuses v3 %p for an add',
    (v3) => {
      expect(outcomeOf({ option: 2, v3 })).toBe('invalid-target');
    },
  );

  test.each([3, 4])('accepts any v3 with option %i, which does not count it', (option) => {
    for (const v3 of [undefined, null, 7, '']) {
      expect(['accept', 'reject']).toContain(outcomeOf({ option, v3 }));
    }
  });

  test('makes a different target of each v3, without containing it', () => {
    const [ann, again, bob] = ['v3_ann', 'v3_ann', 'v3_bob'].map((v3) =>
      readAddRequest({ option: 2, v3 }),
    );
    expect(ann).toEqual(again);
    expect(ann).not.toEqual(bob);
    expect(JSON.stringify(ann)).not.toContain('v3_ann');
  });
});
