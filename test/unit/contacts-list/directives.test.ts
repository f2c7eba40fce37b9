import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readDirectives } from '../../../src/contacts-list/directives.ts';

const NOTHING = {
  waitMs: undefined,
  onlyIfCached: false,
  maxAgeMs: undefined,
  noCache: false,
  staleIfErrorMs: undefined,
};

test('without headers, there is no directive', () => {
  expect(readDirectives(undefined, undefined)).toEqual(NOTHING);
  expect(readDirectives('', '')).toEqual(NOTHING);
});

test.each([
  ['wait=5', 5000],
  ['WAIT = 5', 5000],
  ['wait="5"', 5000],
  ['respond-async, wait=10', 10_000],
  ['wait=10; foo=bar', 10_000],
  ['respond-async; wait=10', undefined],
  ['foo; wait=3', undefined],
  ['foo="a, wait=3"', undefined],
  ['foo="a \\", wait=3", wait=4', 4000],
  ['foo="b;c", wait=5', 5000],
  ['wait=1, wait=2', 1000],
  ['wait=0', 0],
  ['wait=999999999', 999_999_999_000],
  ['wait=1000000000', undefined],
  ['wait=-1', undefined],
  ['wait=1e3', undefined],
  ['wait=٣', undefined],
  ['wait', undefined],
  ['await=5', undefined],
])('Prefer: %s is a wait of %p ms', (prefer, waitMs) => {
  expect(readDirectives(prefer, undefined)).toEqual({ ...NOTHING, waitMs });
});

test.each([
  ['no-cache', { noCache: true }],
  ['No-Cache', { noCache: true }],
  ['no-store', { noCache: true }],
  ['max-age=0, no-store, No-Cache', { noCache: true, maxAgeMs: 0 }],
  ['stale-if-error=60', { staleIfErrorMs: 60_000 }],
  ['Stale-If-Error="0"', { staleIfErrorMs: 0 }],
  ['stale-if-error', {}],
  ['foo="stale-if-error=0"', {}],
  ['no-cache="Set-Cookie"', { noCache: true }],
  ['only-if-cached', { onlyIfCached: true }],
  ['max-age=60', { maxAgeMs: 60_000 }],
  ['max-age="60", only-if-cached', { maxAgeMs: 60_000, onlyIfCached: true }],
  ['max-age', {}],
  ['max-age=-1', {}],
  ['max-stale=60', {}],
  [',, ,=,', {}],
])('Cache-Control: %s is read', (cacheControl, expected) => {
  expect(readDirectives(undefined, cacheControl)).toEqual({ ...NOTHING, ...expected });
});

test('no header throws, and every resulting number is a whole one and not negative', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (prefer, cacheControl) => {
      const { waitMs = 0, maxAgeMs = 0 } = readDirectives(prefer, cacheControl);
      return [waitMs, maxAgeMs].every((ms) => Number.isSafeInteger(ms) && ms >= 0);
    }),
  );
});

test('a wait is found among other preferences', () => {
  fc.assert(
    fc.property(fc.nat(999_999_999), fc.array(fc.stringMatching(/^[a-v]+$/)), (wait, others) => {
      const { waitMs } = readDirectives([...others, `wait=${wait}`].join(', '), undefined);
      return waitMs === wait * 1000;
    }),
  );
});
