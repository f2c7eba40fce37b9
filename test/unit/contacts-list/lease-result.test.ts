import { expect, test } from '@jest/globals';
import type { RefreshResult, ListFailure } from '../../../src/contacts-list/refresh.ts';
import { decodeResult, encodeResult } from '../../../src/contacts-list/lease-result.ts';
import { shuttingDown } from '../../../src/errors.ts';

const body = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);
const list = { body, savedAt: 5, source: 'live' } as const;

const passed = (result: RefreshResult) => {
  const bytes = encodeResult(result);
  return bytes && decodeResult(bytes);
};

test('an error of the account keeps its bytes', () => {
  const answer = { body, contentType: 'application/json;charset=UTF-8' };
  expect(passed({ kind: 'other', answer })).toEqual({ kind: 'other', answer });
});

test.each<ListFailure>([
  { why: 'timeout' },
  { why: 'timeout', answer: { body, contentType: 'application/json' } },
  { why: 'unreachable' },
  { why: 'token-rejected' },
  { why: 'invalid', outcome: { kind: 'invalid', why: 'HTTP status 404', status: 404 } },
])('a failure is kept: %j', (failure) => {
  expect(passed({ kind: 'failed', failure })).toEqual({ kind: 'failed', failure });
});

test('a ret 200 without a list keeps its bytes', () => {
  const answer = { body, contentType: 'application/json' };
  expect(passed({ kind: 'no-list', answer })).toEqual({ kind: 'no-list', answer });
});

test('a list keeps its time and type only, because the list is in the store', () => {
  const result: RefreshResult = { kind: 'list', list, contentType: 'text/json' };
  expect(passed(result)).toEqual({ kind: 'list', contentType: 'text/json', savedAt: 5 });
});

test('a call ended by a stop has no result, so that another gateway makes it again', () => {
  expect(passed({ kind: 'refused', refusal: shuttingDown() })).toBeUndefined();
});
