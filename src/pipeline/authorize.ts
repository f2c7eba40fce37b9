import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { accessOf } from '../gewe/operations.ts';
import type { Client } from '../settings/client.ts';
import { clientSlot } from './authenticate.ts';
import { bodySlot } from './read-body.ts';
import { operationSlot } from './resolve-operation.ts';

const GROUPS: ReadonlySet<string> = new Set(['read', 'write', 'all']);

/** An operation that is called like a group is not the group: its name gives no access to it. */
export function mayCall(client: Pick<Client, 'operations'>, operation: string): boolean {
  return client.operations.some((one) =>
    GROUPS.has(one) ? one === 'all' || one === accessOf(operation) : one === operation,
  );
}

/** `*` in a pattern stands for any run of characters; all else stands for itself, case included. */
export function mayUse(client: Pick<Client, 'appIds'>, appId: string): boolean {
  return client.appIds.some((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\-]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`).test(appId);
  });
}

/** Whether this client may call this operation for this account. */
export function authorize(): RequestHandler {
  return (_req, res, next) => {
    const client = clientSlot.of(res);
    const operation = operationSlot.of(res);
    if (!mayCall(client, operation)) {
      throw new Refusal(
        'operation-not-allowed',
        `This client may not call ${operation}. Its operations are set in the clients file.`,
      );
    }
    if (!mayUse(client, bodySlot.of(res).appId)) {
      throw new Refusal(
        'app-not-allowed',
        'This client may not use this appId. Its appIds are set in the clients file.',
      );
    }
    next();
  };
}
