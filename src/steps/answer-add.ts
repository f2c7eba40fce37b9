import type { Request, RequestHandler, Response } from 'express';
import type { AddCall, AddService } from '../add-contacts/add-service.ts';
import {
  once,
  type FirstAnswer,
  type Idempotency,
  type IdempotentRequest,
} from '../add-contacts/idempotency.ts';
import { entryFacts } from '../add-contacts/journal-entry.ts';
import { readAddRequest, type AddRequest } from '../add-contacts/request.ts';
import type { QuotaUsage } from '../add-contacts/rules.ts';
import { Refusal } from '../errors.ts';
import type { Recorder } from '../history/history.ts';
import { rateLimitHeaders, rateOf } from '../http/rate-limit-headers.ts';
import { found, scopeOf, type Headers, type RequestScope } from '../http/request-scope.ts';
import { send } from '../http/send.ts';
import { waitFor } from '../http/upstream-wait.ts';
import type { Pending } from '../pending.ts';
import type { Clock } from '../time.ts';

interface AnswerAddParts {
  readonly addService: AddService;
  readonly idempotency: Idempotency;
  readonly clock: Clock;
  readonly pending: Pending;
  readonly history: Pick<Recorder, 'refused'>;
}

/**
 * addContacts: checked, charged and sent at most once. It is completed even if the caller leaves, because the attempt
 * counts either way.
 */
export function answerAdd(parts: AnswerAddParts): RequestHandler {
  const { addService, idempotency, clock, pending, history } = parts;

  async function answer(req: Request, res: Response): Promise<void> {
    const scope = scopeOf(res);
    const { appId, bytes, json, texts } = found(scope.body);
    const request = readAddRequest(json, texts);
    const show = (usage: readonly QuotaUsage[]) => showUsage(scope.headers, usage, clock.now());
    const showCurrent = async () => show(await currentUsage(addService, appId, request));
    // A store that is down reports that itself, and the refusal does not need it.
    const showIfPossible = () => showCurrent().catch(() => undefined);

    if (request instanceof Refusal) {
      await showIfPossible();
      throw request;
    }
    const { client, subject } = found(scope.caller);
    const call: AddCall = {
      ...{ appId, client: client.name, subject, request, body: bytes, trace: scope.trace },
      waitFor: (sent) => waitFor(scope, clock, sent),
    };
    const journal = (refusal: Refusal) => {
      const { code, members } = refusal;
      const rule = typeof members['rule'] === 'string' ? members['rule'] : undefined;
      if (isJournaled(refusal)) history.refused(entryFacts(call), { code, rule });
    };
    const attempt = () => addService.attempt(call);
    const done = await once(idempotency, idempotentRequest(req, scope), attempt).catch(
      async (refusal: unknown) => {
        if (refusal instanceof Refusal) journal(refusal);
        await showIfPossible();
        throw refusal;
      },
    );
    if (done.kind === 'replayed') {
      await showCurrent();
      return replay(res, scope, done.answer);
    }
    const { result } = done;
    show(result.usage);
    if (result.kind === 'refused') {
      journal(result.refusal);
      throw result.refusal;
    }
    scope.source = 'live';
    send(res, 200, result.answer.contentType, result.answer.body);
  }

  return (req, res) => pending.track(answer(req, res));
}

/**
 * Whether the gateway decided by itself not to send a request that it understood. What is sent has its entry from its
 * charge.
 */
function isJournaled({ status }: Refusal): boolean {
  return status === 409 || status === 422 || status === 429;
}

/** The usage of the quotas that apply to the request. Rejecting is not counted; the quotas for adding are shown. */
function currentUsage(
  addService: Pick<AddService, 'usage'>,
  appId: string,
  request: AddRequest | Refusal,
): Promise<readonly QuotaUsage[]> {
  if (request instanceof Refusal || request.kind === 'reject')
    return addService.usage(appId, ['add']);
  return addService.usage(appId, [request.kind], request.target);
}

/** Each client and account has its own keys. */
function idempotentRequest(req: Request, scope: RequestScope): IdempotentRequest | undefined {
  const key = req.get('idempotency-key');
  if (key === undefined || key === '') return undefined;
  const { appId, bytes } = found(scope.body);
  return { client: found(scope.caller).client.name, appId, key, body: bytes };
}

function replay(res: Response, scope: RequestScope, answer: FirstAnswer): void {
  scope.source = 'replayed';
  scope.headers['Idempotency-Replayed'] = 'true';
  if (answer.kind === 'refusal') throw new Refusal(answer.code, answer.detail, answer);
  send(res, 200, answer.contentType, answer.body);
}

/** Puts the account's quotas before the client's rate limit, which is in the headers already. */
function showUsage(headers: Headers, usage: readonly QuotaUsage[], now: number): void {
  if (usage.length === 0) return;
  const quotas = rateLimitHeaders(usage.map((one) => rateOf(one, now)));
  for (const [name, value] of Object.entries(quotas)) {
    const before = headers[name];
    headers[name] = before === undefined ? value : `${value}, ${before}`;
  }
}
