import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  allowsAccount,
  allowsOperation,
  mayCall,
  mayRead,
  mayUse,
} from '../../../src/auth/caller.ts';
import { clientWithAllRights } from '../../../src/settings/client.ts';

describe('allowsOperation', () => {
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
    expect(allowsOperation(operations, operation)).toBe(may);
  });
});

describe('allowsAccount', () => {
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
    expect(allowsAccount([pattern], appId)).toBe(fits);
  });

  test('matches the same appIds as a regular expression', () => {
    const letters = (choice: string[]) =>
      fc.array(fc.constantFrom(...choice), { maxLength: 8 }).map((all) => all.join(''));
    fc.assert(
      fc.property(letters(['a', 'b', '.', '*']), letters(['a', 'b', '.']), (pattern, appId) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*');

        expect(allowsAccount([pattern], appId)).toBe(new RegExp(`^${source}$`).test(appId));
      }),
    );
  });

  test('finishes with a pattern that takes a backtracking regular expression years', () => {
    expect(allowsAccount([`${'*a'.repeat(60)}*b`], 'a'.repeat(128))).toBe(false);
  });
});

describe('a caller with a grant', () => {
  const client = { ...clientWithAllRights('crm', 1), appIds: ['wx_a*'], operations: ['read'] };

  test('may do only what both its client and its grant allow', () => {
    const caller = {
      client,
      grant: { appIds: ['wx_a1', 'wx_b1'], operations: ['search', 'addContacts'] },
    };
    expect(['search', 'getBriefInfo', 'addContacts'].map((one) => mayCall(caller, one))).toEqual([
      true,
      false,
      false,
    ]);
    expect(['wx_a1', 'wx_a2', 'wx_b1'].map((one) => mayUse(caller, one))).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('that narrows nothing may do what its client may', () => {
    const caller = { client, grant: { appIds: undefined, operations: undefined } };
    expect(mayCall(caller, 'getBriefInfo')).toBe(true);
    expect(mayUse(caller, 'wx_a2')).toBe(true);
  });

  test('may read accounts if it may call any operation that reads', () => {
    expect(mayRead({ client, grant: { operations: ['search'] } })).toBe(true);
    expect(mayRead({ client, grant: { operations: ['addContacts'] } })).toBe(false);
    expect(mayRead({ client: { ...client, operations: ['write'] } })).toBe(false);
  });
});
