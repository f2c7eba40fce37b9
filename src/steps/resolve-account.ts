import type { RequestHandler } from 'express';
import { assertMayRead } from '../auth/permissions.ts';
import { Refusal } from '../errors.ts';
import { APP_ID } from '../http/body.ts';
import { found, scopeOf } from '../http/request-scope.ts';

const PATH = /^\/{1,2}accounts\/{1,2}([^/?]*)/;

/** Finds the account in the path `/accounts/{appId}`: 400 if it is not an appId. */
export function resolveAccount(): RequestHandler {
  return (req, res, next) => {
    const scope = scopeOf(res);
    const appId = decoded(PATH.exec(req.originalUrl)?.[1] ?? '');
    // A secret in its place would be repeated in the response.
    if (!APP_ID.test(appId) || scope.holdsSecret(appId)) {
      throw new Refusal('invalid-app-id', 'The last part of the path must be an appId.');
    }
    scope.appId = appId;
    next();
  };
}

/** Checks that the caller may read the account. */
export function authorizeAccount(): RequestHandler {
  return (_req, res, next) => {
    const scope = scopeOf(res);
    assertMayRead(found(scope.caller), found(scope.appId));
    next();
  };
}

/** Some clients encode `:` and `@`. '' if the encoding is broken. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
