import type { RequestHandler } from 'express';
import type { Clock } from '../time.ts';
import { clientSlot } from './authenticate.ts';
import { refusalSlot } from './handle-error.ts';
import { startSlot, traceSlot } from './identify.ts';
import { operationSlot } from './resolve-operation.ts';
import { sourceSlot, type Source } from './source.ts';

/** All that is written down of a request: no body, no key, no appId. */
export interface RequestRecord {
  readonly requestId: string;
  readonly client: string | undefined;
  readonly operation: string | undefined;
  readonly source: Source | undefined;
  /** HTTP status; undefined where the caller left before its answer was out. */
  readonly status: number | undefined;
  /** The refusal's code, where it was one. */
  readonly code: string | undefined;
  readonly durationMs: number;
  /** Why, for the log; never for the caller. */
  readonly cause: unknown;
}

/** Writes every request down when it is over, however it ended. */
export function record({
  clock,
  onRequest,
}: {
  clock: Clock;
  onRequest(record: RequestRecord): void;
}): RequestHandler {
  return (_req, res, next) => {
    res.once('close', () => {
      const refusal = refusalSlot.peek(res);
      onRequest({
        requestId: traceSlot.of(res).requestId,
        client: clientSlot.peek(res)?.name,
        operation: operationSlot.peek(res),
        source: sourceSlot.peek(res),
        status: res.writableFinished ? res.statusCode : undefined,
        code: refusal?.code,
        // A clock that was set back meanwhile must not make a total fall.
        durationMs: Math.max(0, clock.now() - startSlot.of(res)),
        cause: refusal?.cause,
      });
    });
    next();
  };
}
