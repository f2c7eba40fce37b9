import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { rightSpelling } from '../gewe/operations.ts';
import { scopeOf } from '../http/request-scope.ts';

/**
 * Slashes may be doubled and one may follow, because base URLs often end in one. Only the name goes to the upstream.
 */
const PATH =
  /^(?:(?:\/{1,2}gewe)?\/{1,2}v2\/{1,2}api)?\/{1,2}contacts\/{1,2}([A-Za-z][A-Za-z0-9]{0,127})\/?$/;

/**
 * The operation that a path names, or undefined. Read from the target as it came: no decoding, no dot segments, no
 * other spelling of the name, so that the operation that was checked is the one that is called. Bounded in length,
 * because it is logged even for callers without a key.
 */
export function operationOf(target: string): string | undefined {
  const path = target.split('?', 1)[0] ?? '';
  return PATH.exec(path)?.[1];
}

/** Finds the operation: 404 for a path that names none, 405 for another method than POST. */
export function resolveOperation(): RequestHandler {
  return (req, res, next) => {
    const scope = scopeOf(res);
    const operation = operationOf(req.originalUrl);
    // A secret in its place would be logged, and sent to the upstream in the path.
    if (operation === undefined || scope.holdsSecret(operation)) {
      throw new Refusal(
        'not-found',
        'No such path. Operations are POST /contacts/<operation>, also under /v2/api and /gewe/v2/api. Paths are case-sensitive.',
      );
    }
    const known = rightSpelling(operation);
    if (known !== undefined) {
      throw new Refusal('not-found', `Paths are case-sensitive. Did you mean ${known}?`);
    }
    scope.operation = operation;
    // A browser asks first (Fetch standard, CORS-preflight); the step that answers comes next.
    if (req.method !== 'POST' && req.method !== 'OPTIONS') {
      throw new Refusal('method-not-allowed', 'Operations are called with POST.', {
        headers: { Allow: 'POST, OPTIONS' },
      });
    }
    next();
  };
}
