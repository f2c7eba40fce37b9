import type { ErrorRequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { faceSlot, traceSlot } from './identify.ts';
import { renderRefusal } from './render-refusal.ts';
import { operationSlot } from './resolve-operation.ts';
import { send } from './send.ts';
import { createSlot } from './slot.ts';

export const refusalSlot = createSlot<Refusal>('refusal');

/** Where every throw ends. What is no refusal is a fault of ours: the caller learns that, the log learns what. */
export function handleError(): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const refusal =
      error instanceof Refusal
        ? error
        : new Refusal(
            'internal',
            'The gateway failed. Its log has the reason under this requestId.',
            {
              cause: error,
            },
          );
    refusalSlot.set(res, refusal);
    const { status, contentType, body } = renderRefusal(
      refusal,
      faceSlot.peek(res) ?? 'http',
      operationSlot.peek(res) ?? req.originalUrl,
      traceSlot.peek(res)?.requestId ?? '',
    );
    // Half an answer cannot be taken back; its reader must at least see that it is none.
    if (res.headersSent) res.destroy();
    else send(res, status, contentType, body, refusal.headers);
  };
}
