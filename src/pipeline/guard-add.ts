import type { Request, RequestHandler, Response } from 'express';
import type { AddService } from '../add-contacts/add-service.ts';
import type { FirstAnswer, Idempotency, IdempotencyScope } from '../add-contacts/idempotency.ts';
import { once } from '../add-contacts/once.ts';
import { rateLimitHeaders } from '../add-contacts/rate-limit-headers.ts';
import { readAddRequest } from '../add-contacts/request.ts';
import type { AttemptKind, QuotaUsage } from '../add-contacts/rules.ts';
import type { Clock } from '../time.ts';
import { Refusal } from '../errors.ts';
import type { Upstream } from '../gewe/upstream.ts';
import type { Pending } from '../pending.ts';
import { clientSlot } from './authenticate.ts';
import { traceSlot } from './identify.ts';
import { bodySlot, type RequestBody } from './read-body.ts';
import { operationSlot } from './resolve-operation.ts';
import { send } from './send.ts';
import { sourceSlot } from './source.ts';

interface GuardAddParts {
  readonly addService: AddService;
  readonly idempotency: Idempotency;
  readonly upstream: Pick<Upstream, 'forward'>;
  readonly clock: Clock;
  readonly geweTimeoutMs: number;
  readonly pending: Pending;
}

/**
 * addContacts: decided, charged and sent at most once. Goes on to its end when the caller leaves, because an
 * attempt whose outcome nobody learned is spent all the same.
 */
export function guardAdd(parts: GuardAddParts): RequestHandler {
  const { addService, idempotency, clock, pending } = parts;

  async function guard(req: Request, res: Response): Promise<void> {
    const body = bodySlot.of(res);
    const { appId } = body;
    const request = readAddRequest(body.json, body.texts);
    const show = async (kind: AttemptKind, target?: string) =>
      showUsage(res, await addService.usage(appId, [kind], target), clock.now());
    if (request instanceof Refusal) {
      // A store that is away reports that itself. What is wrong with the request is known without it.
      await show('add').catch(() => undefined);
      throw request;
    }
    // Turning somebody down is not counted: the quotas of adding are shown.
    const showNow = () =>
      request.kind === 'reject' ? show('add') : show(request.kind, request.target);

    const trace = traceSlot.of(res);
    const sendIt = () => sendOnce(parts, req, res, body);
    const done = await once(idempotency, scopeOf(req, res, body), () =>
      addService.attempt({ appId, request, trace, send: sendIt }),
    ).catch(async (refusal: unknown) => {
      await showNow().catch(() => undefined);
      throw refusal;
    });
    if (done.kind === 'replayed') {
      await showNow();
      return replay(res, done.answer);
    }
    const { result } = done;
    showUsage(res, result.usage, clock.now());
    if (result.kind === 'refused') throw result.refusal;
    sourceSlot.set(res, 'live');
    send(res, 200, result.answer.contentType, result.answer.body);
  }

  return (req, res) => pending.track(guard(req, res));
}

function sendOnce(parts: GuardAddParts, req: Request, res: Response, body: RequestBody) {
  const operation = operationSlot.of(res);
  return parts.upstream.forward(
    req,
    res,
    { operation, appId: body.appId },
    {
      path: `contacts/${operation}`,
      body: body.bytes,
      trace: traceSlot.of(res),
      deadlineMs: parts.geweTimeoutMs,
      endsWithCaller: false,
      // On a kept connection that the upstream is just closing, a charged attempt would be lost.
      freshConnection: true,
      readsOnly: false,
    },
  );
}

/** Whose key it is: the same key of another client, or for another account, is another one. */
function scopeOf(req: Request, res: Response, body: RequestBody): IdempotencyScope | undefined {
  const key = req.get('idempotency-key');
  if (key === undefined || key === '') return undefined;
  return { client: clientSlot.of(res).name, appId: body.appId, key, body: body.bytes };
}

function replay(res: Response, answer: FirstAnswer): void {
  sourceSlot.set(res, 'replayed');
  res.setHeader('Idempotency-Replayed', 'true');
  if (answer.kind === 'refusal') throw new Refusal(answer.code, answer.detail);
  send(res, 200, answer.contentType, answer.body);
}

/** The account's quotas first, then the client's own rate, which stands there already. */
function showUsage(res: Response, usage: readonly QuotaUsage[], now: number): void {
  for (const [name, value] of Object.entries(rateLimitHeaders(usage, now))) {
    const before = res.getHeader(name);
    const values = [value, ...(before === undefined ? [] : [String(before)])];
    res.setHeader(name, values.filter((one) => one !== '').join(', '));
  }
}
