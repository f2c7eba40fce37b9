import type { RequestHandler } from 'express';
import { refuseKey } from '../http/credentials.ts';
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
    scope.client = scope.keyOwner ?? anonymous ?? refuseKey(scope.credential);
    next();
  };
}
