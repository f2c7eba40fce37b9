import type { Request, RequestHandler, Response } from 'express';
import { Refusal } from '../../errors.ts';
import { found, scopeOf } from '../../http/request-scope.ts';
import { APP_ID } from '../../http/body.ts';
import { send } from '../../http/send.ts';
import type { Operator } from '../account-changes.ts';

/**
 * The appId in a path such as `/admin/lists/{appId}`. Refuses one that contains a secret: it would be stored, and shown
 * in the list of accounts.
 */
export function appIdOf(req: Request, res: Response): string {
  const appId = req.params['appId'];
  const isValid = typeof appId === 'string' && APP_ID.test(appId);
  if (isValid && !scopeOf(res).holdsSecret(appId)) return appId;
  throw noAppId();
}

export function noAppId(): Refusal {
  return new Refusal('invalid-app-id', 'The last part of the path must be an appId.');
}

/** The operator who makes this request. */
export function operatorOf(res: Response): Operator {
  const { operator, trace } = scopeOf(res);
  return { who: found(operator), requestId: trace.requestId };
}

export function sendObject(
  res: Response,
  value: Readonly<Record<string, unknown>>,
  status = 200,
): void {
  send(res, status, 'application/json', Buffer.from(JSON.stringify(value)));
}

/** An instant, in milliseconds since the epoch, as ISO 8601; null if there is none. */
export function iso(instant: number | undefined): string | null {
  return instant === undefined || !Number.isFinite(instant)
    ? null
    : new Date(instant).toISOString();
}

/** Refuses the methods that the routes before it do not handle. */
export function methodsOnly(allow: string): RequestHandler {
  return () => {
    throw new Refusal('method-not-allowed', `Use ${allow} here.`, {
      headers: { Allow: allow },
    });
  };
}
