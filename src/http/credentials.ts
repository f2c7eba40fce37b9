import type { IncomingHttpHeaders } from 'node:http';

export interface ShownKey {
  readonly key: string;
  /** Where it stood: clients that put it into the vendor's header expect the vendor's answers. */
  readonly place: 'bearer' | 'x-api-key' | 'x-gewe-token';
}

/** The key that a request shows. Where there are several, the first in the contract's order counts. */
export function shownKey(headers: IncomingHttpHeaders): ShownKey | undefined {
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
