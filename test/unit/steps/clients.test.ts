import { describe, expect, test } from '@jest/globals';
import { credentialOf } from '../../../src/http/credentials.ts';

describe('credentialOf', () => {
  test.each([
    [{ authorization: 'Bearer k' }, { key: 'k', place: 'bearer' }],
    [{ authorization: 'bearer  k ' }, { key: 'k', place: 'bearer' }],
    [
      { authorization: 'Bearer a', 'x-api-key': 'b' },
      { key: 'a', place: 'bearer' },
    ],
    [
      { authorization: 'Basic a', 'x-api-key': 'b' },
      { key: 'b', place: 'x-api-key' },
    ],
    [
      { 'x-api-key': 'b', 'x-gewe-token': 'c' },
      { key: 'b', place: 'x-api-key' },
    ],
    [
      { 'x-api-key': '', 'x-gewe-token': 'c' },
      { key: 'c', place: 'x-gewe-token' },
    ],
    [{ authorization: 'Bearer' }, undefined],
    [{ 'x-gewe-token': '' }, undefined],
    [{}, undefined],
  ])('finds in %j: %j', (headers, shown) => {
    expect(credentialOf(headers)).toEqual(shown);
  });
});
