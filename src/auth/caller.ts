/** Whose request it is, and what that caller may do. Pure. */
import { accessOf, KNOWN_OPERATIONS } from '../gewe/operations.ts';
import type { Client } from '../settings/client.ts';

/** Narrows what a client may do. What is undefined narrows nothing. */
export interface Grant {
  /** Accounts, or patterns of them as in the clients file. */
  readonly appIds?: readonly string[] | undefined;
  /** Operations, or `read`, `write` and `all`, as in the clients file. */
  readonly operations?: readonly string[] | undefined;
}

/** A client, or somebody who acts for it with a token. */
export interface Caller {
  readonly client: Client;
  /** The person or page that a token was issued for. */
  readonly subject?: string | undefined;
  readonly grant?: Grant | undefined;
  /** Names the rate that this caller has inside its client's; undefined if it has only that of its client. */
  readonly session?: string | undefined;
}

const GROUPS: ReadonlySet<string> = new Set(['read', 'write', 'all']);

/** Whether both the client and the grant allow the operation. */
export function mayCall({ client, grant }: Caller, operation: string): boolean {
  return (
    allowsOperation(client.operations, operation) &&
    (grant?.operations === undefined || allowsOperation(grant.operations, operation))
  );
}

/** Whether both the client and the grant allow the account. */
export function mayUse({ client, grant }: Caller, appId: string): boolean {
  return (
    allowsAccount(client.appIds, appId) &&
    (grant?.appIds === undefined || allowsAccount(grant.appIds, appId))
  );
}

/** Whether the caller may do any reading of accounts. */
export function mayRead(caller: Caller): boolean {
  return KNOWN_OPERATIONS.some(
    (operation) => accessOf(operation) === 'read' && mayCall(caller, operation),
  );
}

/** The entries `read`, `write` and `all` always mean the groups, even if an operation has such a name. */
export function allowsOperation(operations: readonly string[], operation: string): boolean {
  return operations.some((one) =>
    GROUPS.has(one) ? one === 'all' || one === accessOf(operation) : one === operation,
  );
}

/** `*` in a pattern matches any run of characters; everything else matches itself, case included. */
export function allowsAccount(patterns: readonly string[], appId: string): boolean {
  return patterns.some((pattern) => fits(pattern, appId));
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
