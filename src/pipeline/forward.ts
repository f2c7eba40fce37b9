import type { RequestHandler } from 'express';
import type { Clock } from '../time.ts';
import type { ListService } from '../contacts-list/list-service.ts';
import type { Upstream } from '../gewe/upstream.ts';
import { Refusal } from '../errors.ts';
import { answerOrRefusal } from '../gewe/answer-or-refusal.ts';
import { accessOf } from '../gewe/operations.ts';
import { traceSlot } from './identify.ts';
import { bodySlot } from './read-body.ts';
import { operationSlot } from './resolve-operation.ts';
import { send } from './send.ts';
import { sourceSlot } from './source.ts';

interface ForwardParts {
  readonly upstream: Pick<Upstream, 'forward'>;
  readonly listService: Pick<ListService, 'saveFromCache'>;
  readonly clock: Clock;
  readonly geweTimeoutMs: number;
}

/** Passes an operation on as it is. A caller who leaves frees the upstream call. */
export function forward(parts: ForwardParts): RequestHandler {
  return async (req, res) => {
    const { upstream, listService, clock, geweTimeoutMs } = parts;
    const operation = operationSlot.of(res);
    const askedAt = clock.now();
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
        readsOnly: accessOf(operation) === 'read',
      },
    );
    const answer = answerOrRefusal(outcome);
    if (answer instanceof Refusal) throw answer;
    if (operation === 'fetchContactsListCache') {
      await listService.saveFromCache(appId, answer, askedAt);
    }
    sourceSlot.set(res, 'live');
    send(res, 200, answer.contentType, answer.body);
  };
}
