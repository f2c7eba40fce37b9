import type { RequestHandler, Response } from 'express';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Caller } from '../auth/caller.ts';
import { scopeOf } from '../http/request-scope.ts';

/** Lets in callers whose key or token is good. */
export function authenticate({ authenticator }: { authenticator: Authenticator }): RequestHandler {
  return (_req, res, next) => {
    const caller = authenticator.authenticate(scopeOf(res).credential);
    if (!(caller instanceof Promise)) return letIn(res, caller, next);
    return caller.then((found) => letIn(res, found, next));
  };
}

function letIn(res: Response, caller: Caller, next: () => void): void {
  const scope = scopeOf(res);
  scope.caller = caller;
  // Of a token, only now is it known whose format counts.
  scope.refusalFormat = caller.client.errors ?? scope.refusalFormat;
  next();
}
