import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { buildDocument, SAME_ORIGIN } from '../../../src/docs/openapi.ts';
import { Refusal } from '../../../src/errors.ts';
import { renderRefusal } from '../../../src/http/problem-details.ts';
import {
  createAnswerCheck,
  type Answered,
  type DocumentUnderTest,
} from '../../support/answer-check.ts';
import { NOT_DOCUMENTABLE } from '../../support/documented-answers.ts';

const faultsOf = createAnswerCheck(buildDocument(SAME_ORIGIN) as unknown as DocumentUnderTest);

const headers = { 'x-request-id': 'order-1', 'content-type': 'application/json' };

function answer(change: Partial<Answered> = {}): Answered {
  return {
    url: 'http://127.0.0.1:8080',
    method: 'POST',
    path: '/v2/api//contacts/search/?a=b',
    status: 200,
    headers,
    body: Buffer.from('{"ret":200,"msg":"操作成功","data":{"v3":"v3_a"}}'),
    ...change,
  };
}

function refused(format: 'http' | 'gewe'): Partial<Answered> {
  const refusal = new Refusal('add-too-soon', 'Wait.', { members: { later: 1 } });
  const { status, contentType, body } = renderRefusal(refusal, format, 'addContacts', 'order-1');
  return {
    path: '/contacts/addContacts',
    status,
    headers: { ...headers, 'content-type': contentType, 'retry-after': '60' },
    body,
  };
}

test.each(NOT_DOCUMENTABLE)('$file has the tests $tests, which are not held', ({ file, tests }) => {
  const source = readFileSync(new URL(`../../flow/${file}.test.ts`, import.meta.url), 'utf8');
  const sentences = tests.source.split('|');
  expect(sentences.filter((one) => !source.includes(one))).toEqual([]);
});

describe('an answer as the document says', () => {
  test.each<[string, Partial<Answered>]>([
    ['a success', {}],
    ['an error of GEWE', { body: Buffer.from('{"ret":"500","msg":null}') }],
    ['a refusal in the HTTP format', refused('http')],
    ["a refusal in GEWE's format", refused('gewe')],
    [
      'with headers of rates',
      { headers: { ...headers, ratelimit: '"add-gap";r=0;t=60, "client";r=5;t=1' } },
    ],
    ['that answers HEAD', { method: 'HEAD', path: '/healthz', body: Buffer.alloc(0) }],
    [
      'that the listener refused',
      { status: 431, headers: { 'x-request-id': 'order-1' }, body: Buffer.alloc(0) },
    ],
  ])('%s passes', (_what, change) => {
    expect(faultsOf(answer(change)) ?? []).toEqual([]);
  });

  test.each(['/nothing', '/metrics', '/docs', '/contacts/addedTomorrow'])(
    'the path %s is not in it',
    (path) => {
      expect(faultsOf(answer({ path }))).toBeUndefined();
    },
  );
});

describe('an answer that is not', () => {
  test.each<[string, Partial<Answered>, RegExp]>([
    ['has a status of its own', { status: 418 }, /status 418/],
    [
      'has a header of its own',
      { headers: { ...headers, 'x-gateway-mood': 'good' } },
      /x-gateway-mood/,
    ],
    ['has another rate', { headers: { ...headers, ratelimit: 'r=5' } }, /ratelimit/],
    [
      'has a wait of no seconds',
      { ...refused('gewe'), headers: { ...headers, 'retry-after': 'soon' } },
      /retry-after/,
    ],
    ['has an Age, which only lists have', { headers: { ...headers, age: '3' } }, /age/],
    ['has no id', { headers: { 'content-type': 'application/json' } }, /x-request-id is missing/],
    ['has another type', { headers: { ...headers, 'content-type': 'text/html' } }, /text\/html/],
    ['is a success without data', { body: Buffer.from('{"ret":200,"msg":"ok"}') }, /data/],
    ['is a list', { body: Buffer.from('[]') }, /object/],
    [
      'is a refusal without a code',
      { ...refused('http'), body: Buffer.from('{"ret":429}') },
      /code/,
    ],
    [
      'has a state of health',
      { method: 'GET', path: '/healthz', body: Buffer.from('{"status":"so-so"}') },
      /status/,
    ],
  ])('as it %s is found', (_what, change, fault) => {
    expect(faultsOf(answer(change))?.join('\n')).toMatch(fault);
  });
});
