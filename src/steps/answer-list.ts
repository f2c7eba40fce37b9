import type { Request, RequestHandler, Response } from 'express';
import { readDirectives } from '../contacts-list/directives.ts';
import { listHeaders } from '../contacts-list/list-answer.ts';
import type { ListService } from '../contacts-list/list-service.ts';
import { encodingFor, encoded, isWorthCompressing } from '../http/compression.ts';
import { found, scopeOf } from '../http/request-scope.ts';
import { send, vary } from '../http/send.ts';
import { beginWait, endWait } from '../http/upstream-wait.ts';
import type { Clock } from '../time.ts';

interface AnswerListParts {
  readonly listService: Pick<ListService, 'answer'>;
  readonly clock: Clock;
}

/** fetchContactsList: the live list or the saved one, within the caller's deadline and directives. */
export function answerList({ listService, clock }: AnswerListParts): RequestHandler {
  return async (req, res) => {
    const scope = scopeOf(res);
    const { appId, bytes } = found(scope.body);
    const { answer, honouredWaitMs } = await listService.answer({
      client: found(scope.caller).client.name,
      appId,
      body: bytes,
      trace: scope.trace,
      directives: readDirectives(req.get('prefer'), req.get('cache-control')),
      left() {
        // Asked only once the caller has to wait.
        beginWait(scope, clock);
        return callerLeft(res);
      },
    });
    endWait(scope, clock);
    if (answer.kind === 'left') return;
    if (honouredWaitMs !== undefined) {
      scope.headers['Preference-Applied'] = `wait=${Math.floor(honouredWaitMs / 1000)}`;
    }
    if (answer.kind === 'refused') throw answer.refusal;

    scope.source = answer.kind;
    Object.assign(scope.headers, listHeaders(answer, clock.now()));
    vary(scope.headers, 'Accept-Encoding');
    if (answer.kind === 'live') await sendEncoded(req, res, answer.contentType, answer.body);
    else await sendEncoded(req, res, 'application/json', answer.list.body);
  };
}

/** Resolves when the response is closed: its caller has left, or has got it. */
function callerLeft(res: Response): Promise<'left'> {
  if (res.closed) return Promise.resolve('left');
  return new Promise((resolve) => res.once('close', () => resolve('left')));
}

async function sendEncoded(
  req: Request,
  res: Response,
  contentType: string,
  body: Buffer,
): Promise<void> {
  const encoding = isWorthCompressing(body) ? encodingFor(req) : undefined;
  const form = encoding && encoded(body, encoding);
  if (encoding === undefined || form === undefined) return send(res, 200, contentType, body);
  const compressed = await form.catch(() => undefined);
  if (compressed === undefined) return send(res, 200, contentType, body);
  send(res, 200, contentType, compressed, { 'Content-Encoding': encoding });
}
