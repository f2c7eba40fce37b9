import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mayCall, mayUse } from '../../../src/steps/authorize.ts';
import { credentialOf } from '../../../src/http/credentials.ts';

describe('mayCall', () => {
  test.each([
    [['read'], 'search', true],
    [['read'], 'addContacts', false],
    [['read'], 'tomorrow', false],
    [['write'], 'addContacts', true],
    [['write'], 'tomorrow', true],
    [['write'], 'search', false],
    [['all'], 'tomorrow', true],
    [['search'], 'search', true],
    [['search'], 'Search', false],
    [['read'], 'read', false],
    [['write'], 'read', true],
    [['all'], 'all', true],
    [[], 'search', false],
  ])('a client with %j may call %s: %s', (operations, operation, may) => {
    expect(mayCall({ operations }, operation)).toBe(may);
  });
});

describe('mayUse', () => {
  test.each([
    ['*', 'wx', true],
    ['wx_*', 'wx_', true],
    ['wx_*', 'awx_', false],
    ['*_1', 'wx_1', true],
    ['*_1', 'wx_12', false],
    ['a*b*c', 'a1b2c', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    ['w.x', 'w-x', false],
    ['', 'a', false],
    ['**', 'a', true],
  ])('the pattern %s fits %s: %s', (pattern, appId, fits) => {
    expect(mayUse({ appIds: [pattern] }, appId)).toBe(fits);
  });

  test('matches the same appIds as a regular expression', () => {
    const letters = (choice: string[]) =>
      fc.array(fc.constantFrom(...choice), { maxLength: 8 }).map((all) => all.join(''));
    fc.assert(
      fc.property(letters(['a', 'b', '.', '*']), letters(['a', 'b', '.']), (pattern, appId) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*');

        expect(mayUse({ appIds: [pattern] }, appId)).toBe(new RegExp(`^${source}$`).test(appId));
      }),
    );
  });

  test('finishes with a pattern that takes a backtracking regular expression years', () => {
    expect(mayUse({ appIds: [`${'*a'.repeat(60)}*b`] }, 'a'.repeat(128))).toBe(false);
  });
});

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
