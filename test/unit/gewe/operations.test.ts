import { describe, expect, test } from '@jest/globals';
import { answersAddressBook, meantOperation, rightSpelling } from '../../../src/gewe/operations.ts';

describe('meantOperation', () => {
  test.each([
    ['fetchContactList', 'fetchContactsList'],
    ['fetchContactsLists', 'fetchContactsList'],
    ['fecthContactsList', 'fetchContactsList'],
    ['fetchcontactlist', 'fetchContactsList'],
    ['fetchContactsListCahce', 'fetchContactsListCache'],
    ['addContact', 'addContacts'],
    ['adContact', 'addContacts'],
    ['getContactsList', 'fetchContactsList'],
    ['serach', 'search'],
    ['getDetialInfo', 'getDetailInfo'],
    ['deleteFriends', 'deleteFriend'],
  ])('corrects %s to %s', (name, known) => {
    expect(meantOperation(name)).toBe(known);
  });

  test.each(['', 'x', 'tomorrow', 'addConXXX', 'a'.repeat(128)])(
    'finds no correction for %s',
    (name) => {
      expect(meantOperation(name)).toBeUndefined();
    },
  );

  test.each(['search', 'fetchContactsList', 'addContacts'])(
    'leaves the known operation %s',
    (name) => {
      expect(meantOperation(name)).toBeUndefined();
    },
  );
});

test('rightSpelling finds a known operation in another case', () => {
  expect(rightSpelling('ADDCONTACTS')).toBe('addContacts');
  expect(rightSpelling('addContacts')).toBeUndefined();
  expect(rightSpelling('addContact')).toBeUndefined();
});

test.each([
  'fetchContactsListCache',
  '/v1/api/contacts/fetchcontactslist',
  '/x//fetchContactsList',
])('%s counts as a contact list', (target) => {
  expect(answersAddressBook(target)).toBe(true);
});
