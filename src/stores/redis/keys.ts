/** All that the gateway keeps in Redis begins with this. */
const PREFIX = 'gewe-gateway:';

/** What is kept of one account has the account in braces: in a cluster all of it would lie together. */
export function accountKey(appId: string, what: string): string {
  return `${PREFIX}{${appId}}:${what}`;
}

/** What all gateways share. */
export function commonKey(what: string): string {
  return `${PREFIX}${what}`;
}
