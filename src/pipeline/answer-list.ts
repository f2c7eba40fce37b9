import type { Request, RequestHandler, Response } from 'express';
import type { Clock } from '../time.ts';
import { readDirectives } from '../contacts-list/directives.ts';
import { encoded, ENCODINGS, isWorthCompressing } from '../contacts-list/encodings.ts';
import { listHeaders } from '../contacts-list/list-headers.ts';
import type { ListService } from '../contacts-list/list-service.ts';
import { clientSlot } from './authenticate.ts';
import { traceSlot } from './identify.ts';
import { bodySlot } from './read-body.ts';
import { send, vary } from './send.ts';
import { sourceSlot } from './source.ts';

interface AnswerListParts {
  readonly listService: Pick<ListService, 'answer'>;
  readonly clock: Clock;
}

/** fetchContactsList: the live list, or the saved one, as the caller's deadline and directives have it. */
export function answerList({ listService, clock }: AnswerListParts): RequestHandler {
  return async (req, res) => {
    const { appId, bytes } = bodySlot.of(res);
    const directives = readDirectives(req.get('prefer'), req.get('cache-control'));
    const trace = traceSlot.of(res);
    const left = leaving(res);
    const { answer, honouredWaitMs } = await listService.answer({
      client: clientSlot.of(res).name,
      appId,
      body: bytes,
      trace,
      directives,
      left,
    });
    if (answer.kind === 'left') return;
    if (honouredWaitMs !== undefined) {
      res.setHeader('Preference-Applied', `wait=${Math.floor(honouredWaitMs / 1000)}`);
    }
    if (answer.kind === 'refused') throw answer.refusal;

    sourceSlot.set(res, answer.kind);
    const [body, contentType] =
      answer.kind === 'live'
        ? [answer.body, answer.contentType]
        : [answer.list.body, 'application/json'];
    for (const [name, value] of Object.entries(listHeaders(answer, clock.now()))) {
      res.setHeader(name, value);
    }
    await sendEncoded(req, res, contentType, body);
  };
}

/** Resolves when the caller has left; one who has its answer counts as well. */
function leaving(res: Response): Promise<'left'> {
  if (res.closed) return Promise.resolve('left');
  return new Promise((resolve) => res.once('close', () => resolve('left')));
}

async function sendEncoded(
  req: Request,
  res: Response,
  contentType: string,
  body: Buffer,
): Promise<void> {
  vary(res, 'Accept-Encoding');
  const accepted = isWorthCompressing(body) && req.acceptsEncodings([...ENCODINGS, 'identity']);
  const encoding = ENCODINGS.find((one) => one === accepted);
  const form = encoding && encoded(body, encoding);
  if (encoding === undefined || form === undefined) return send(res, 200, contentType, body);
  send(res, 200, contentType, await form, { 'Content-Encoding': encoding });
}
