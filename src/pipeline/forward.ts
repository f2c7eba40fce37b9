import type { RequestHandler } from 'express';
import type { Upstream } from '../gewe/upstream.ts';
import { Refusal } from '../errors.ts';
import { answerOrRefusal } from '../gewe/answer-or-refusal.ts';
import { traceSlot } from './identify.ts';
import { bodySlot } from './read-body.ts';
import { operationSlot } from './resolve-operation.ts';
import { send } from './send.ts';
import { sourceSlot } from './source.ts';

interface ForwardParts {
  readonly upstream: Pick<Upstream, 'forward'>;
  readonly geweTimeoutMs: number;
}

/** Passes an operation on as it is. A caller who leaves frees the upstream call. */
export function forward({ upstream, geweTimeoutMs }: ForwardParts): RequestHandler {
  return async (req, res) => {
    const operation = operationSlot.of(res);
    const { bytes, appId } = bodySlot.of(res);
    const outcome = await upstream.forward(
      req,
      res,
      { operation, appId },
      {
        path: `contacts/${operation}`,
        body: bytes,
        trace: traceSlot.of(res),
        deadlineMs: geweTimeoutMs,
        endsWithCaller: true,
        freshConnection: false,
      },
    );
    const answer = answerOrRefusal(outcome);
    if (answer instanceof Refusal) throw answer;
    sourceSlot.set(res, 'live');
    send(res, 200, answer.contentType, answer.body);
  };
}
