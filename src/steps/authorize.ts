import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { accessOf, meantOperation } from '../gewe/operations.ts';
import { found, scopeOf } from '../http/request-scope.ts';
import type { Client, ClientDirectory } from '../settings/client.ts';
import { refuse } from './authenticate.ts';

const GROUPS: ReadonlySet<string> = new Set(['read', 'write', 'all']);

/** An operation that is called like a group is not the group: its name gives no access to it. */
export function mayCall(client: Pick<Client, 'operations'>, operation: string): boolean {
  return client.operations.some((one) =>
    GROUPS.has(one) ? one === 'all' || one === accessOf(operation) : one === operation,
  );
}

/** `*` in a pattern stands for any run of characters; all else stands for itself, case included. */
export function mayUse(client: Pick<Client, 'appIds'>, appId: string): boolean {
  return client.appIds.some((pattern) => fits(pattern, appId));
}

/** Takes each part where it first occurs: linear, where a regular expression could be made to try for minutes. */
function fits(pattern: string, appId: string): boolean {
  if (pattern === '*') return true;
  const [head = '', ...parts] = pattern.split('*');
  const tail = parts.pop();
  if (tail === undefined) return appId === pattern;
  if (!appId.startsWith(head)) return false;
  let at = head.length;
  for (const part of parts) {
    const found = appId.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return appId.length - tail.length >= at && appId.endsWith(tail);
}

/**
 * Whether this client may call this operation for this account. By its rights of now, which are read again: a body can
 * take half a minute to come, and a key that was withdrawn meanwhile must not be good for that long.
 */
export function authorize({
  clients,
  anonymous,
}: {
  clients: Pick<ClientDirectory, 'find'>;
  anonymous: Client | undefined;
}): RequestHandler {
  return (_req, res, next) => {
    const scope = scopeOf(res);
    const { shownKey } = scope;
    const client = (shownKey && clients.find(shownKey.key)) ?? anonymous ?? refuse(shownKey);
    scope.client = client;
    const operation = found(scope.operation);
    if (!mayCall(client, operation)) throw new Refusal('operation-not-allowed', why(operation));
    if (!mayUse(client, found(scope.body).appId)) {
      throw new Refusal(
        'app-not-allowed',
        'This client may not use this appId. Its appIds are set in the clients file.',
      );
    }
    next();
  };
}

/** A typo is no matter of rights: its author should not ask the operator for any. */
function why(operation: string): string {
  const meant = meantOperation(operation);
  return meant === undefined
    ? `This client may not call ${operation}. Its operations are set in the clients file.`
    : `The gateway does not know an operation ${operation}. Did you mean ${meant}?`;
}
