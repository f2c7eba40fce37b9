import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { accessOf, KNOWN_OPERATIONS, meantOperation } from '../gewe/operations.ts';
import { refuseKey } from '../http/credentials.ts';
import { found, scopeOf } from '../http/request-scope.ts';
import type { Client, ClientDirectory } from '../settings/client.ts';

const READS = KNOWN_OPERATIONS.filter((operation) => accessOf(operation) === 'read');

const GROUPS: ReadonlySet<string> = new Set(['read', 'write', 'all']);

/** The entries `read`, `write` and `all` always mean the groups, even if an operation has such a name. */
export function mayCall(client: Pick<Client, 'operations'>, operation: string): boolean {
  return client.operations.some((one) =>
    GROUPS.has(one) ? one === 'all' || one === accessOf(operation) : one === operation,
  );
}

/** `*` in a pattern matches any run of characters; everything else matches itself, case included. */
export function mayUse(client: Pick<Client, 'appIds'>, appId: string): boolean {
  return client.appIds.some((pattern) => fits(pattern, appId));
}

/** Matches each part at its first occurrence, in linear time. A regular expression could backtrack for minutes. */
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
 * Checks that the client may call this operation for this account. Looks the key up again: a body can take half a
 * minute to arrive, and a key that was revoked meanwhile must not be good for that long.
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
    const { credential } = scope;
    const client =
      (credential && clients.find(credential.key)) ?? anonymous ?? refuseKey(credential);
    scope.client = client;
    const operation = found(scope.operation);
    if (!mayCall(client, operation)) throw new Refusal('operation-not-allowed', why(operation));
    if (!mayUse(client, found(scope.body).appId)) throw appNotAllowed();
    next();
  };
}

/** Checks that the client may read this account: some operation that reads, and its appId. */
export function authorizeAccount(): RequestHandler {
  return (_req, res, next) => {
    const scope = scopeOf(res);
    const client = found(scope.client);
    if (!READS.some((operation) => mayCall(client, operation))) {
      throw new Refusal(
        'operation-not-allowed',
        'This client may not read. Its operations are set in the clients file.',
      );
    }
    if (!mayUse(client, found(scope.appId))) throw appNotAllowed();
    next();
  };
}

/** For a typo it gives the right name, because asking the operator for rights would not help. */
function why(operation: string): string {
  const meant = meantOperation(operation);
  return meant === undefined
    ? `This client may not call ${operation}. Its operations are set in the clients file.`
    : `The gateway does not know an operation ${operation}. Did you mean ${meant}?`;
}

function appNotAllowed(): Refusal {
  return new Refusal(
    'app-not-allowed',
    'This client may not use this appId. Its appIds are set in the clients file.',
  );
}
