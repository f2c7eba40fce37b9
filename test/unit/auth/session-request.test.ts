import { describe, expect, test } from '@jest/globals';
import { endSessionsRequest, sessionRequest } from '../../../src/auth/session-request.ts';

const takes = (body: unknown) => sessionRequest.safeParse(body).success;

describe('the body of POST /sessions', () => {
  test.each([
    [{}],
    [
      {
        appIds: ['wx_sales_1'],
        operations: ['read', 'addContacts'],
        ttlSeconds: 900,
        subject: 'a',
      },
    ],
    [{ appIds: ['wx_sales_*'] }],
    [{ appIds: Array.from({ length: 100 }, (_, at) => `wx_${at}`) }],
    [{ subject: 'x'.repeat(256) }],
  ])('may be %j', (body) => {
    expect(takes(body)).toBe(true);
  });

  test.each<[object]>([
    [{ appIds: [] }],
    [{ appIds: 'wx_sales_1' }],
    [{ appIds: ['wx sales'] }],
    [{ appIds: Array.from({ length: 101 }, (_, at) => `wx_${at}`) }],
    [{ operations: [] }],
    [{ operations: ['addContact'] }],
    [{ ttlSeconds: 0 }],
    [{ ttlSeconds: -1 }],
    [{ ttlSeconds: 1.5 }],
    [{ ttlSeconds: '900' }],
    [{ ttlSeconds: null }],
    [{ subject: '' }],
    [{ subject: 'x'.repeat(257) }],
    [{ subject: 7 }],
    [{ appId: 'wx_sales_1' }],
  ])('must not be %j', (body) => {
    expect(takes(body)).toBe(false);
  });
});

test('the body of DELETE /sessions has a subject or nothing', () => {
  expect(endSessionsRequest.safeParse({}).success).toBe(true);
  expect(endSessionsRequest.safeParse({ subject: 'alice' }).success).toBe(true);
  expect(endSessionsRequest.safeParse({ subjects: ['alice'] }).success).toBe(false);
});
