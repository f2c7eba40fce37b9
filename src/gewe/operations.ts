import { nearestName } from '../near-name.ts';

/**
 * GEWE's operations that are known by name. Others pass too (GEWE may add one tomorrow); these names
 * decide what `read` means to a client and which labels a metric may have.
 */

const READS: ReadonlySet<string> = new Set([
  'fetchContactsList',
  'fetchContactsListCache',
  'getBriefInfo',
  'getDetailInfo',
  'search',
  'getPhoneAddressList',
  'checkRelation',
]);

const WRITES: ReadonlySet<string> = new Set([
  'addContacts',
  'deleteFriend',
  'setFriendPermissions',
  'setFriendRemark',
  'uploadPhoneAddressList',
]);

/** All of them, as they are written. */
export const KNOWN_OPERATIONS: readonly string[] = [...READS, ...WRITES];

/** `read` only where it is known to change nothing: an unknown operation is a `write`. */
export function accessOf(operation: string): 'read' | 'write' {
  return READS.has(operation) ? 'read' : 'write';
}

const KNOWN: ReadonlySet<string> = new Set(KNOWN_OPERATIONS);

const KNOWN_IN_LOWER_CASE: ReadonlyMap<string, string> = new Map(
  KNOWN_OPERATIONS.map((name) => [name.toLowerCase(), name]),
);

/**
 * The known name that differs from this one only in case; undefined if there is none. An upstream that does not care
 * about case would carry out `addcontacts` as addContacts, past all quotas.
 */
export function rightSpelling(operation: string): string | undefined {
  return KNOWN.has(operation) ? undefined : KNOWN_IN_LOWER_CASE.get(operation.toLowerCase());
}

/** The known operation that an unknown name is most likely a typo of. */
export function meantOperation(operation: string): string | undefined {
  return KNOWN.has(operation) ? undefined : nearestName(operation, KNOWN_OPERATIONS);
}

/** What the gateway answers by itself, by the name in the log and the metrics. */
const OWN: ReadonlySet<string> = new Set(['accounts', 'docs', 'sessions']);

/** The operation as a metric label: a caller must not be able to make up new ones. */
export function operationLabel(operation: string | undefined): string {
  if (operation === undefined) return 'none';
  return KNOWN.has(operation) || OWN.has(operation) ? operation : 'other';
}

/**
 * Whether callers take a 200 for an address book. One client in the field reads a 200 without `data.friends` as an
 * empty one and deletes its own, so a refusal of these must never look like a success.
 *
 * @param target an operation, or the path if that names none: with a wrong base URL it is something like
 *   `/v1/api/contacts/fetchContactsList`, and the client still means its address book
 */
export function answersAddressBook(target: string): boolean {
  return /fetchContactsList/i.test(target);
}
