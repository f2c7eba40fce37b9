/** Every key of the gateway begins with this. */
const PREFIX = 'gewe-gateway:';

/** A key of one account. The braces are a hash tag: in a cluster, all keys of an account would be on one node. */
export function accountKey(appId: string, what: string): string {
  return `${PREFIX}{${appId}}:${what}`;
}

/** A pattern for SCAN of the keys that `accountKey` gives for all accounts. */
export function accountKeys(what: string): string {
  return accountKey('*', what);
}

/** The account of such a key. */
export function accountOf(key: string, what: string): string {
  return key.slice(`${PREFIX}{`.length, -`}:${what}`.length);
}

/** The channel of the gateways on one database: Redis itself shares channels between its databases. */
export function pubSubChannel(database: number): string {
  return commonKey(`news:${database}`);
}

/** A key that belongs to no account. */
export function commonKey(what: string): string {
  return `${PREFIX}${what}`;
}
