import { expect, test } from '@jest/globals';
import { landingOf } from '../../../src/contacts-list/flight.ts';
import type { Outcome } from '../../../src/gewe/outcome.ts';

function answered(json: unknown): Outcome & { kind: 'answered' } {
  const body = Buffer.from(JSON.stringify(json));
  return { kind: 'answered', answer: { body, contentType: 'application/json', json } };
}

test('a good list lands as a live one, received now, with the very bytes', () => {
  const outcome = answered({ ret: 200, data: { friends: ['ann'], chatrooms: [], ghs: [] } });
  const landing = landingOf(outcome, 42);
  expect(landing).toEqual({
    kind: 'list',
    list: { body: outcome.answer.body, savedAt: 42, source: 'live' },
    contentType: 'application/json',
  });
  expect(landing.kind === 'list' && landing.list.body).toBe(outcome.answer.body);
});

test.each([
  [{ ret: 200, data: { friends: [], chatrooms: [], ghs: [] } }],
  [{ ret: 500, msg: '微信已离线' }],
  [{ ret: '500', msg: '微信已离线' }],
])("the vendor's word without a list lands as that word: %j", (json) => {
  const outcome = answered(json);
  expect(landingOf(outcome, 0)).toEqual({ kind: 'other', answer: outcome.answer });
});

test.each([[{}], [[]], [null], [7], [{ ret: 'x' }], [{ ret: null }]])(
  'JSON without a verdict is no answer of the vendor: %j',
  (json) => {
    expect(landingOf(answered(json), 0)).toEqual({ kind: 'failed', why: 'invalid' });
  },
);

test.each([
  [{ kind: 'timeout' }, 'timeout'],
  [{ kind: 'unreachable', sent: true, cause: undefined }, 'unreachable'],
  [{ kind: 'invalid', why: 'an empty answer' }, 'invalid'],
] as const)('%j is a failure', (outcome, why) => {
  expect(landingOf(outcome, 0)).toEqual({ kind: 'failed', why });
});

test.each([
  [{ kind: 'token-rejected' }, 'upstream-token-rejected'],
  [{ kind: 'aborted', sent: true }, 'shutting-down'],
] as const)('%j is refused, and no list stands in for it', (outcome, code) => {
  expect(landingOf(outcome, 0)).toMatchObject({ kind: 'refused', refusal: { code } });
});
