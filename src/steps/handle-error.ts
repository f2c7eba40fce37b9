import type { ErrorRequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { renderRefusal } from '../http/problem-details.ts';
import { findScope } from '../http/request-scope.ts';
import { send } from '../http/send.ts';

/** Turns whatever a step throws into a refusal and sends it. */
export function handleError(): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const refusal = error instanceof Refusal ? error : faultOfOurs(error);
    const scope = findScope(res);
    if (scope !== undefined) scope.refusal = refusal;
    const { status, contentType, body } = renderRefusal(
      refusal,
      scope?.refusalFormat ?? 'http',
      scope?.operation ?? req.originalUrl,
      scope?.trace.requestId ?? '',
    );
    // Part of an answer is out already. Closing the connection shows the caller that it is incomplete.
    if (res.headersSent) res.destroy();
    else send(res, status, contentType, body, refusal.headers);
  };
}

/** The caller learns that the gateway failed; the log gets the cause. */
function faultOfOurs(cause: unknown): Refusal {
  const detail = 'The gateway failed. Its log has the reason under this requestId.';
  return new Refusal('internal', detail, { cause });
}
