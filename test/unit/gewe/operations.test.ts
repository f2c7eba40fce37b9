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
  ])('takes %s for %s', (name, known) => {
    expect(meantOperation(name)).toBe(known);
  });

  test.each(['', 'x', 'tomorrow', 'addConXXX', 'a'.repeat(128)])('takes %s for none', (name) => {
    expect(meantOperation(name)).toBeUndefined();
  });

  test.each(['search', 'fetchContactsList', 'addContacts'])('leaves %s, which is known', (name) => {
    expect(meantOperation(name)).toBeUndefined();
  });
});

test('the right spelling is that of a known operation in other letters', () => {
  expect(rightSpelling('ADDCONTACTS')).toBe('addContacts');
  expect(rightSpelling('addContacts')).toBeUndefined();
  expect(rightSpelling('addContact')).toBeUndefined();
});

test.each([
  'fetchContactsListCache',
  '/v1/api/contacts/fetchcontactslist',
  '/x//fetchContactsList',
])('%s is an address book to its caller', (target) => {
  expect(answersAddressBook(target)).toBe(true);
});
