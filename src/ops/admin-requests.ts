import type { Request, RequestHandler, Response } from 'express';
import { Refusal } from '../errors.ts';
import { scopeOf } from '../http/request-scope.ts';
import { APP_ID } from '../steps/read-body.ts';
import { send } from '../http/send.ts';

/** What an operator did to an account, under the id of the request that did it. */
export interface AdminChange {
  readonly appId: string;
  readonly what: 'declared' | 'withdrawn' | 'list-forgotten';
  readonly requestId: string;
}

/** The appId of a path such as `/admin/lists/{appId}`. One that holds a secret would be kept, and shown in the list of all. */
export function appIdOf(req: Request, res: Response): string {
  const appId = req.params['appId'];
  const isOne = typeof appId === 'string' && APP_ID.test(appId);
  if (isOne && !scopeOf(res).holdsSecret(appId)) return appId;
  throw noAppId();
}

export function noAppId(): Refusal {
  return new Refusal('invalid-app-id', 'The last part of the path must be an appId.');
}

export function sendObject(res: Response, value: Readonly<Record<string, unknown>>): void {
  send(res, 200, 'application/json', Buffer.from(JSON.stringify(value)));
}

/** An instant as people and programs read it; null where there is none. */
export function iso(instant: number | undefined): string | null {
  return instant === undefined || !Number.isFinite(instant)
    ? null
    : new Date(instant).toISOString();
}

/** Refuses what the routes before it did not take. */
export function methodsOnly(allow: string): RequestHandler {
  return () => {
    throw new Refusal('method-not-allowed', `Here is only ${allow}.`, {
      headers: { Allow: allow },
    });
  };
}
