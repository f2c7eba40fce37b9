import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import type { Client, ClientDirectory } from '../settings/client.ts';
import { shownKey } from './credentials.ts';
import { faceSlot } from './refuse.ts';
import { createSlot } from './slot.ts';

export const clientSlot = createSlot<Client>('client');

/**
 * Finds the client by its key.
 *
 * @param anonymous who everybody is where the gateway serves every caller; undefined where keys are asked for
 */
export function authenticate({
  clients,
  anonymous,
}: {
  clients: ClientDirectory;
  anonymous: Client | undefined;
}): RequestHandler {
  return (req, res, next) => {
    const shown = shownKey(req.headers);
    const client = (shown && clients.find(shown.key)) ?? anonymous;
    if (client === undefined) {
      throw new Refusal(
        'unauthenticated',
        shown === undefined
          ? 'Show a key of this gateway: Authorization: Bearer KEY, X-API-Key: KEY, or X-GEWE-TOKEN: KEY.'
          : 'The key shown is not one of this gateway. It may have been withdrawn; the token of GEWE is no key here.',
        { headers: { 'WWW-Authenticate': 'Bearer realm="gewe-gateway"' } },
      );
    }
    clientSlot.set(res, client);
    if (client.errors !== undefined) faceSlot.set(res, client.errors);
    next();
  };
}
