/** All that the gateway keeps in Redis begins with this. */
const PREFIX = 'gewe-gateway:';

/** What is kept of one account has the account in braces: in a cluster all of it would lie together. */
export function accountKey(appId: string, what: string): string {
  return `${PREFIX}{${appId}}:${what}`;
}

/** Where gateways tell each other news. Channels know nothing of databases, and who has another one has other news. */
export function newsChannel(database: number): string {
  return commonKey(`news:${database}`);
}

/** What all gateways share. */
export function commonKey(what: string): string {
  return `${PREFIX}${what}`;
}
