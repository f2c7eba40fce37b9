import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import type { ShownKey } from '../http/credentials.ts';
import { scopeOf } from '../http/request-scope.ts';
import type { Client } from '../settings/client.ts';

/**
 * Lets in clients whose key is known.
 *
 * @param anonymous the client of all other callers; undefined if a key is required
 */
export function authenticate({ anonymous }: { anonymous: Client | undefined }): RequestHandler {
  return (_req, res, next) => {
    const scope = scopeOf(res);
    scope.client = scope.keyOwner ?? anonymous ?? refuse(scope.shownKey);
    next();
  };
}

/** @throws Refusal of a caller whose key, or lack of one, makes it nobody's client */
export function refuse(shown: ShownKey | undefined): never {
  throw new Refusal(
    'unauthenticated',
    shown === undefined
      ? 'Send a key of this gateway: Authorization: Bearer KEY, X-API-Key: KEY, or X-GEWE-TOKEN: KEY.'
      : "The gateway does not know this key. It may have been revoked. GEWE's token is not a key.",
    { headers: { 'WWW-Authenticate': 'Bearer realm="gewe-gateway"' } },
  );
}
