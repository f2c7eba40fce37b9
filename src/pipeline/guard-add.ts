import type { Request, RequestHandler, Response } from 'express';
import type { AddResult, AddService } from '../add-contacts/add-service.ts';
import type { Claim, FirstAnswer, Idempotency } from '../add-contacts/idempotency.ts';
import { rateLimitHeaders } from '../add-contacts/rate-limit-headers.ts';
import { readAddRequest } from '../add-contacts/request.ts';
import type { QuotaUsage } from '../add-contacts/rules.ts';
import type { Clock } from '../clock.ts';
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
    const show = (usage: readonly QuotaUsage[]) => showUsage(res, usage, clock.now());
    const request = readAddRequest(body.json, body.texts);
    // Of what is not counted, the quotas of adding are shown.
    const counted = 'target' in request ? request : { kind: 'add' as const, target: undefined };
    const showNow = async () =>
      show(await addService.usage(body.appId, [counted.kind], counted.target));
    if (request instanceof Refusal) {
      await showNow();
      throw request;
    }

    const key = req.get('idempotency-key');
    let claim: Claim | undefined;
    if (key !== undefined && key !== '') {
      const client = clientSlot.of(res).name;
      const scope = { client, appId: body.appId, key, body: body.bytes };
      const claimed = await idempotency.claim(scope).catch(async (refusal: unknown) => {
        await showNow();
        throw refusal;
      });
      if (claimed.kind === 'replay') {
        await showNow();
        return replay(res, claimed.answer);
      }
      claim = claimed.claim;
    }

    const attempt = addService.attempt({
      appId: body.appId,
      request,
      trace: traceSlot.of(res),
      send: () => sendOnce(parts, req, res, body),
    });
    const result = await attempt.catch(async (error: unknown) => {
      await claim?.abandon().catch(ignoreReported);
      throw error;
    });
    await settle(claim, result).catch(ignoreReported);
    show(result.usage);
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
    },
  );
}

/** Keeps the answer for the key, or frees the key where nothing was carried out and trying again is right. */
async function settle(claim: Claim | undefined, result: AddResult): Promise<void> {
  if (claim === undefined) return;
  if (!result.spent) return claim.abandon();
  if (result.kind === 'answered') {
    const { contentType, body } = result.answer;
    return claim.finish({ kind: 'answer', contentType, body });
  }
  const { code, detail } = result.refusal;
  return claim.finish({ kind: 'refusal', code, detail });
}

/** The store's failures were reported where they happened, and the answer is known whatever becomes of the key. */
function ignoreReported(): void {}

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
