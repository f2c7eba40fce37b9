import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import type { Client } from '../settings/client.ts';
import type { ShownKey } from './credentials.ts';
import { callerSlot } from './identify.ts';
import { createSlot } from './slot.ts';

export const clientSlot = createSlot<Client>('client');

/**
 * Lets in those whose key is known.
 *
 * @param anonymous who everybody else is where the gateway serves every caller; undefined where keys are asked for
 */
export function authenticate({ anonymous }: { anonymous: Client | undefined }): RequestHandler {
  return (_req, res, next) => {
    const { shown, client } = callerSlot.of(res);
    clientSlot.set(res, client ?? anonymous ?? refuse(shown));
    next();
  };
}

/** @throws Refusal for who shows this key, or none, and is nobody's client. */
export function refuse(shown: ShownKey | undefined): never {
  throw new Refusal(
    'unauthenticated',
    shown === undefined
      ? 'Show a key of this gateway: Authorization: Bearer KEY, X-API-Key: KEY, or X-GEWE-TOKEN: KEY.'
      : 'The key shown is not one of this gateway. It may have been withdrawn; the token of GEWE is no key here.',
    { headers: { 'WWW-Authenticate': 'Bearer realm="gewe-gateway"' } },
  );
}
