import { expect, test } from '@jest/globals';
import type { FlightResult, ListFailure } from '../../../src/contacts-list/flight.ts';
import { decodeResult, encodeResult } from '../../../src/contacts-list/told-result.ts';
import { shuttingDown } from '../../../src/errors.ts';

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

test.each<ListFailure>([
  { why: 'timeout' },
  { why: 'timeout', answer: { body, contentType: 'application/json' } },
  { why: 'unreachable' },
  { why: 'token-rejected' },
  { why: 'invalid', came: { kind: 'invalid', why: 'HTTP status 404', status: 404 } },
])('a failure is told: %j', (failure) => {
  expect(told({ kind: 'failed', failure })).toEqual({ kind: 'failed', failure });
});

test("the vendor's ret 200 without a list is told byte for byte", () => {
  const answer = { body, contentType: 'application/json' };
  expect(told({ kind: 'no-list', answer })).toEqual({ kind: 'no-list', answer });
});

test('of a list no more is told than which one came: it is in the store', () => {
  const result: FlightResult = { kind: 'list', list, contentType: 'text/json' };
  expect(told(result)).toEqual({ kind: 'list', contentType: 'text/json', savedAt: 5 });
});

test('a call that was ended by a stop is not told: the next one makes it again', () => {
  expect(told({ kind: 'refused', refusal: shuttingDown() })).toBeUndefined();
});
