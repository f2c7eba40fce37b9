import { expect, test } from '@jest/globals';
import type { ListAnswer } from '../../../src/contacts-list/list-answer.ts';
import { listHeaders } from '../../../src/contacts-list/list-answer.ts';
import type { SavedList } from '../../../src/contacts-list/ports.ts';

const body = Buffer.from('{}');
const contentType = 'application/json';
const fromLive: SavedList = { body, savedAt: 1000, source: 'live' };
const fromCache: SavedList = { ...fromLive, source: 'gewe-cache' };
const live = { kind: 'live', body, contentType } as const;

type Given = Exclude<ListAnswer, { kind: 'refused' | 'left' }>;
const CASES: readonly (readonly [string, Given])[] = [
  ['fwd=miss; stored', { ...live, stored: true, joined: false }],
  ['fwd=miss; stored; collapsed', { ...live, stored: true, joined: true }],
  ['fwd=miss', { ...live, stored: false, joined: false }],
  ['fwd=miss; collapsed', { ...live, stored: false, joined: true }],
  ['fwd=miss; stored; detail=gewe-cache', { kind: 'gewe-cache', list: fromCache, joined: false }],
  [
    'fwd=miss; stored; detail=gewe-cache; collapsed',
    { kind: 'gewe-cache', list: fromCache, joined: true },
  ],
  ['hit', { kind: 'saved', list: fromLive, tried: undefined, joined: false }],
  ['hit; detail=gewe-cache', { kind: 'saved', list: fromCache, tried: undefined, joined: false }],
  [
    'fwd=stale; detail=upstream-timeout',
    { kind: 'saved', list: fromLive, tried: 'timeout', joined: false },
  ],
  [
    'fwd=stale; detail=upstream-invalid; collapsed',
    { kind: 'saved', list: fromCache, tried: 'invalid', joined: true },
  ],
];

test.each(CASES)('Cache-Status: gewe-gateway; %s', (expected, answer) => {
  const headers = listHeaders(answer, 3999);
  expect(headers['Cache-Status']).toBe(`gewe-gateway; ${expected}`);
  expect(headers['X-Gateway-Source']).toBe(answer.kind);
  expect(headers['Age']).toBe(answer.kind === 'live' ? undefined : '2');
});
