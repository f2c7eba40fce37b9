/** Refuses what a caller may not do. */
import { Refusal } from '../errors.ts';
import { meantOperation } from '../gewe/operations.ts';
import { mayCall, mayRead, mayUse, type Caller } from './caller.ts';

/** @throws Refusal if the caller may not call the operation */
export function assertMayCall(caller: Caller, operation: string): void {
  if (mayCall(caller, operation)) return;
  // For a typo it gives the right name, because asking the operator for rights would not help.
  const meant = meantOperation(operation);
  const detail =
    meant === undefined
      ? `${subjectOf(caller)} may not call ${operation}. ${remedyOf(caller, 'operations')}`
      : `The gateway does not know an operation ${operation}. Did you mean ${meant}?`;
  throw new Refusal('operation-not-allowed', detail);
}

/** @throws Refusal if the caller may not use the account */
export function assertMayUse(caller: Caller, appId: string): void {
  if (mayUse(caller, appId)) return;
  const detail = `${subjectOf(caller)} may not use this appId. ${remedyOf(caller, 'appIds')}`;
  throw new Refusal('app-not-allowed', detail);
}

/** @throws Refusal if the caller may not read the account */
export function assertMayRead(caller: Caller, appId: string): void {
  if (!mayRead(caller)) {
    const detail = `${subjectOf(caller)} may not read accounts. ${remedyOf(caller, 'operations')}`;
    throw new Refusal('operation-not-allowed', detail);
  }
  assertMayUse(caller, appId);
}

function subjectOf({ grant }: Caller): string {
  return grant === undefined ? 'This client' : 'This token or its client';
}

function remedyOf({ grant }: Caller, what: 'appIds' | 'operations'): string {
  return grant === undefined
    ? `Its ${what} are set in the clients file.`
    : `The ${what} of a token are set by whoever issues it, those of a client in the clients file.`;
}
