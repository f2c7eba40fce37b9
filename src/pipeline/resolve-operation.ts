import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { isMisspelled } from '../gewe/operations.ts';
import { secretSlot } from './identify.ts';
import { createSlot } from './slot.ts';

export const operationSlot = createSlot<string>('operation');

/**
 * Which operation a path names, or undefined. Read from the target as it came: no decoding, no dot segments, no
 * second spelling, so that the operation that was checked is the one that is called. Of a length that does no harm in a
 * log, where it stands also for who has no key.
 */
export function operationOf(target: string): string | undefined {
  const path = target.split('?', 1)[0] ?? '';
  return /^(?:(?:\/gewe)?\/v2\/api)?\/contacts\/([A-Za-z][A-Za-z0-9]{0,127})$/.exec(path)?.[1];
}

/** Finds the operation: 404 for a path that names none, 405 for another method than POST. */
export function resolveOperation(): RequestHandler {
  return (req, res, next) => {
    const operation = operationOf(req.originalUrl);
    // A secret in its place would go into the log, and to the upstream in its address.
    if (operation === undefined || isMisspelled(operation) || secretSlot.of(res)(operation)) {
      throw new Refusal(
        'not-found',
        'There is nothing here. Operations are POST /contacts/<operation>, also under /v2/api and /gewe/v2/api; case counts.',
      );
    }
    operationSlot.set(res, operation);
    // A browser asks first (Fetch standard, CORS-preflight); the step that answers comes next.
    if (req.method !== 'POST' && req.method !== 'OPTIONS') {
      throw new Refusal('method-not-allowed', 'Operations are called with POST.', {
        headers: { Allow: 'POST, OPTIONS' },
      });
    }
    next();
  };
}
