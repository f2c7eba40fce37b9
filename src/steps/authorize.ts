import type { RequestHandler } from 'express';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Caller } from '../auth/caller.ts';
import { assertMayCall, assertMayUse } from '../auth/permissions.ts';
import { found, scopeOf } from '../http/request-scope.ts';

/**
 * Checks that the caller may call this operation for this account. Authenticates again: a body can take half a minute to
 * arrive, and a key or session that was revoked meanwhile must not be good for that long.
 */
export function authorize({ authenticator }: { authenticator: Authenticator }): RequestHandler {
  return (_req, res, next) => {
    const scope = scopeOf(res);
    const check = (caller: Caller) => {
      scope.caller = caller;
      assertMayCall(caller, found(scope.operation));
      assertMayUse(caller, found(scope.body).appId);
      next();
    };
    const caller = authenticator.authenticate(scope.credential);
    return caller instanceof Promise ? caller.then(check) : check(caller);
  };
}
