import { describe, expect, test } from '@jest/globals';
import { editDistance, nearestName } from '../../src/near-name.ts';

test.each([
  ['', '', 0],
  ['a', '', 1],
  ['abc', 'abc', 0],
  ['abc', 'ab', 1],
  ['abc', 'acb', 1],
  ['abc', 'axc', 1],
  ['GEWE_TOKN', 'GEWE_TOKEN', 1],
  ['kitten', 'sitting', 3],
])('the distance from %j to %j is %i letters, in both directions', (one, other, letters) => {
  expect(editDistance(one, other)).toBe(letters);
  expect(editDistance(other, one)).toBe(letters);
});

describe('the nearest name', () => {
  test('is the closest of the similar names', () => {
    expect(nearestName('addContact', ['addContacts', 'addContactx1'])).toBe('addContacts');
  });

  test('is undefined if no name is similar, or the text is too long', () => {
    expect(nearestName('tomorrow', ['addContacts', 'search'])).toBeUndefined();
    expect(nearestName('', ['all'])).toBeUndefined();
    expect(nearestName('addContacts'.repeat(10), ['addContacts'])).toBeUndefined();
  });
});
