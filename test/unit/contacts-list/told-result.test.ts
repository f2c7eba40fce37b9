import { expect, test } from '@jest/globals';
import type { FlightResult } from '../../../src/contacts-list/flight.ts';
import { decodeResult, encodeResult } from '../../../src/contacts-list/told-result.ts';
import { shuttingDown } from '../../../src/errors.ts';
import { tokenRejected } from '../../../src/gewe/answer-or-refusal.ts';

const body = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);
const list = { body, savedAt: 5, source: 'live' } as const;

const told = (result: FlightResult) => {
  const bytes = encodeResult(result);
  return bytes && decodeResult(bytes);
};

test("the vendor's word on an account is told byte for byte", () => {
  const answer = { body, contentType: 'application/json;charset=UTF-8' };
  expect(told({ kind: 'other', answer })).toEqual({ kind: 'other', answer });
});

test.each(['timeout', 'unreachable', 'invalid'] as const)('a failure by %s is told', (why) => {
  expect(told({ kind: 'failed', why })).toEqual({ kind: 'failed', why });
});

test('of a list no more is told than which one came: it is in the store', () => {
  const result: FlightResult = { kind: 'list', list, contentType: 'text/json' };
  expect(told(result)).toEqual({ kind: 'list', contentType: 'text/json', savedAt: 5 });
});

test('a token that was turned away is told as such', () => {
  const result = told({ kind: 'refused', refusal: tokenRejected() });
  expect(result?.kind === 'refused' && result.refusal.code).toBe('upstream-token-rejected');
});

test('a call that was ended by a stop is not told: the next one makes it again', () => {
  expect(told({ kind: 'refused', refusal: shuttingDown() })).toBeUndefined();
});
