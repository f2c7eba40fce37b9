/**
 * The rights of each client: the reference for access.test.ts. It is written from the contract and independently of the
 * source, so that both cannot share a mistake.
 */

export const PREFIXES = ['', '/v2/api', '/gewe/v2/api'];

export const READS = [
  'fetchContactsList',
  'fetchContactsListCache',
  'getBriefInfo',
  'getDetailInfo',
  'search',
  'getPhoneAddressList',
  'checkRelation',
];

export const WRITES = [
  'addContacts',
  'deleteFriend',
  'setFriendPermissions',
  'setFriendRemark',
  'uploadPhoneAddressList',
];

/** An entry of the clients file; undefined means not set. */
export interface Rights {
  readonly operations: readonly string[] | undefined;
  readonly appIds: readonly string[] | undefined;
}

/** The places of a key, in order of precedence. */
export interface ShownKeys {
  readonly bearer: string | undefined;
  readonly apiKey: string | undefined;
  readonly geweToken: string | undefined;
}

export interface Asked {
  /** The target as it is in the request line. */
  readonly target: string;
  readonly keys: ShownKeys;
  readonly contentType: string;
  readonly appId: string;
}

export type Verdict =
  | { readonly kind: 'allowed'; readonly operation: string; readonly client: string }
  | { readonly kind: 'refused'; readonly code: string };

/**
 * @param clients whose key is whose
 * @returns whether it may go to the upstream, and as which operation; else the code of its refusal
 */
export function verdictOn(
  asked: Asked,
  clients: ReadonlyMap<string, { readonly name: string; readonly rights: Rights }>,
): Verdict {
  const refused = (code: string): Verdict => ({ kind: 'refused', code });
  const operation = operationNamed(asked.target);
  if (operation === undefined) return refused('not-found');
  const { bearer, apiKey, geweToken } = asked.keys;
  const client = clients.get(bearer ?? apiKey ?? geweToken ?? '');
  if (client === undefined) return refused('unauthenticated');
  if (!isJson(asked.contentType)) return refused('unsupported-media-type');
  if (!/^[A-Za-z0-9_.:@-]{1,128}$/.test(asked.appId)) return refused('invalid-app-id');
  const { operations = ['read'], appIds = ['*'] } = client.rights;
  if (!operations.some((word) => covers(word, operation))) return refused('operation-not-allowed');
  if (!appIds.some((pattern) => matches(pattern, asked.appId))) return refused('app-not-allowed');
  return { kind: 'allowed', operation, client: client.name };
}

/**
 * A prefix, `/contacts/`, a name, and perhaps a query. Any slash may be doubled, and one may follow the name. Known
 * names have one spelling.
 */
function operationNamed(target: string): string | undefined {
  const written = target.slice(0, `${target}?`.indexOf('?'));
  const named = written.endsWith('/') ? written.slice(0, -1) : written;
  if (named.includes('///') || named.endsWith('/')) return undefined;
  const path = named.replaceAll('//', '/');
  const start = PREFIXES.map((prefix) => `${prefix}/contacts/`).find(
    (one) => path.startsWith(one) && !path.slice(one.length).includes('/'),
  );
  const name = start === undefined ? '' : path.slice(start.length);
  const isName = /^[A-Za-z]/.test(name) && [...name].every((letter) => /[A-Za-z0-9]/.test(letter));
  const known = [...READS, ...WRITES].find((one) => one.toLowerCase() === name.toLowerCase());
  return isName && (known === undefined || known === name) ? name : undefined;
}

function covers(word: string, operation: string): boolean {
  switch (word) {
    case 'all':
      return true;
    case 'read':
      return READS.includes(operation);
    case 'write':
      return !READS.includes(operation);
    default:
      return word === operation;
  }
}

/** Compares letter by letter; `*` matches any number of letters. */
function matches(pattern: string, appId: string): boolean {
  if (pattern === '') return appId === '';
  const rest = pattern.slice(1);
  if (pattern.startsWith('*')) {
    return matches(rest, appId) || (appId !== '' && matches(pattern, appId.slice(1)));
  }
  return appId.startsWith(pattern.charAt(0)) && appId !== '' && matches(rest, appId.slice(1));
}

function isJson(contentType: string): boolean {
  return ['application/json', 'application/json; charset=utf-8'].includes(
    contentType.toLowerCase(),
  );
}
