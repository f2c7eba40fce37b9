import { expect, test } from '@jest/globals';
import { resultOf } from '../../../src/contacts-list/refresh.ts';
import type { Outcome } from '../../../src/gewe/outcome.ts';

function answered(json: unknown): Outcome & { kind: 'answered' } {
  const body = Buffer.from(JSON.stringify(json));
  return { kind: 'answered', answer: { body, contentType: 'application/json', json } };
}

test('a good list becomes a live one, received now, with the same bytes', () => {
  const outcome = answered({ ret: 200, data: { friends: ['ann'], chatrooms: [], ghs: [] } });
  const result = resultOf(outcome, 42);
  expect(result).toEqual({
    kind: 'list',
    list: { body: outcome.answer.body, savedAt: 42, source: 'live' },
    contentType: 'application/json',
  });
  expect(result.kind === 'list' && result.list.body).toBe(outcome.answer.body);
});

/** What is passed on of an answer. */
const passed = ({ answer: { body, contentType } }: ReturnType<typeof answered>) => ({
  body,
  contentType,
});

test.each([
  [{ ret: 500, msg: '微信已离线' }],
  [{ ret: '500', msg: '微信已离线' }],
  [{ ret: 500, msg: null, data: { code: '-1', msg: '设备不存在' } }],
  [{ ret: 401, msg: 'outing' }],
])('an error of the account remains one: %j', (json) => {
  const outcome = answered(json);
  expect(resultOf(outcome, 0)).toEqual({ kind: 'other', answer: passed(outcome) });
});

test.each([
  [{ ret: 200, data: { friends: [], chatrooms: [], ghs: [] } }],
  [{ ret: 200, data: null }],
  [{ ret: '200' }],
  [{ ret: 200, msg: '超时' }],
])('ret 200 without a good list is not an error of the account: %j', (json) => {
  const outcome = answered(json);
  expect(resultOf(outcome, 0)).toEqual({ kind: 'no-list', answer: passed(outcome) });
});

test.each([
  [{ ret: 500, msg: '获取通讯录列表超时' }],
  [{ ret: 500, msg: 'I/O error: Read timed out' }],
  [{ ret: '500', msg: 'Gateway Time-out' }],
  [{ ret: 408, msg: 'TIMEOUT' }],
  [{ ret: 500, msg: '获取失败', data: { code: '-1', msg: 'connect timeout' } }],
])('a timeout reported by GEWE is a timeout: %j', (json) => {
  const outcome = answered(json);
  expect(resultOf(outcome, 0)).toEqual({
    kind: 'failed',
    failure: { why: 'timeout', answer: passed(outcome) },
  });
});

test.each([[{}], [[]], [null], [7], [{ ret: 'x' }], [{ ret: null }]])(
  'JSON without a ret is invalid: %j',
  (json) => {
    expect(resultOf(answered(json), 0)).toMatchObject({
      kind: 'failed',
      failure: { why: 'invalid' },
    });
  },
);

test.each([
  [{ kind: 'timeout' }, 'timeout'],
  [{ kind: 'unreachable', sent: true, cause: undefined }, 'unreachable'],
  [{ kind: 'invalid', why: 'an empty answer' }, 'invalid'],
  [{ kind: 'token-rejected' }, 'token-rejected'],
] as const)('%j is a failure', (outcome, why) => {
  expect(resultOf(outcome, 0)).toMatchObject({ kind: 'failed', failure: { why } });
});

test('a call that the gateway ended at its stop is refused', () => {
  const result = resultOf({ kind: 'aborted', sent: true }, 0);
  expect(result).toMatchObject({ kind: 'refused', refusal: { code: 'shutting-down' } });
});
