import type { IncomingHttpHeaders } from 'node:http';

export interface Credential {
  readonly key: string;
  /** The header it came in. Clients that use GEWE's header expect GEWE's format. */
  readonly place: 'bearer' | 'x-api-key' | 'x-gewe-token';
}

/** The key that a request shows. Of several, the first in this order counts, as docs/errors.md says. */
export function credentialOf(headers: IncomingHttpHeaders): Credential | undefined {
  const bearer = /^Bearer +(\S.*)$/i.exec(headers.authorization ?? '')?.[1]?.trim();
  if (bearer !== undefined) return { key: bearer, place: 'bearer' };
  const apiKey = headers['x-api-key'];
  if (typeof apiKey === 'string' && apiKey !== '') return { key: apiKey, place: 'x-api-key' };
  const geweToken = headers['x-gewe-token'];
  if (typeof geweToken === 'string' && geweToken !== '') {
    return { key: geweToken, place: 'x-gewe-token' };
  }
  return undefined;
}
