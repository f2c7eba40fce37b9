import type { Request, RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { APP_ID } from '../http/body.ts';
import { scopeOf } from '../http/request-scope.ts';

const PATH = /^\/accounts\/([^/?]+)\/?(?:\?|$)/;

/** Whether the request is for an account, rather than for an operation. */
export function isForAccount(req: Pick<Request, 'originalUrl'>): boolean {
  return PATH.test(req.originalUrl);
}

/** Finds the account in the path `/accounts/{appId}`: 400 if it is not an appId, 405 for another method than GET or HEAD. */
export function resolveAccount(): RequestHandler {
  return (req, res, next) => {
    const scope = scopeOf(res);
    const appId = decoded(PATH.exec(req.originalUrl)?.[1] ?? '');
    // A secret in its place would be repeated in the answer.
    if (!APP_ID.test(appId) || scope.holdsSecret(appId)) {
      throw new Refusal('invalid-app-id', 'The last part of the path must be an appId.');
    }
    scope.appId = appId;
    if (req.method !== 'GET' && req.method !== 'HEAD' && req.method !== 'OPTIONS') {
      throw new Refusal('method-not-allowed', 'Accounts are read with GET.', {
        headers: { Allow: 'GET, HEAD, OPTIONS' },
      });
    }
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
