/** What browsers need in order to call (Fetch standard, CORS protocol). */
import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { found, scopeOf, type Headers } from '../http/request-scope.ts';
import { isSameOrigin } from '../http/same-origin.ts';
import { sendNoContent, vary } from '../http/send.ts';
import type { ClientDirectory } from '../settings/client.ts';

const REQUEST_HEADERS =
  'Authorization, X-API-Key, X-GEWE-TOKEN, Content-Type, Idempotency-Key, Prefer, Cache-Control, X-Request-Id, traceparent';
const RESPONSE_HEADERS =
  'X-Request-Id, Age, Cache-Status, X-Gateway-Source, Preference-Applied, Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed';
const PREFLIGHT_SECONDS = '600';

const ALLOW_ORIGIN = 'Access-Control-Allow-Origin';
const EXPOSE_HEADERS = 'Access-Control-Expose-Headers';

/**
 * Lets browsers read every response, refusals included, if any client lists their origin. The client is not known yet.
 */
export function allowOrigin({
  clients,
}: {
  clients: Pick<ClientDirectory, 'knowsOrigin'>;
}): RequestHandler {
  return (req, res, next) => {
    const { headers } = scopeOf(res);
    vary(headers, 'Origin');
    const { origin } = req.headers;
    if (origin !== undefined && clients.knowsOrigin(origin)) {
      headers[ALLOW_ORIGIN] = origin;
      headers[EXPOSE_HEADERS] = RESPONSE_HEADERS;
    }
    next();
  };
}

/** Answers what a browser asks before it calls, without a key (Fetch standard, CORS-preflight request). */
export function answerPreflight(): RequestHandler {
  return (req, res, next) => {
    if (req.method !== 'OPTIONS') return next();
    const isAllowed = ALLOW_ORIGIN in scopeOf(res).headers;
    if (req.headers.origin !== undefined && !isAllowed) throw originRefused();
    sendNoContent(res, {
      Allow: 'POST, OPTIONS',
      ...(isAllowed && {
        'Access-Control-Allow-Methods': 'POST',
        'Access-Control-Allow-Headers': REQUEST_HEADERS,
        'Access-Control-Max-Age': PREFLIGHT_SECONDS,
      }),
    });
  };
}

/**
 * Checks that this client lists the origin, once the client is known. The API page is on the gateway's own origin and calls
 * with its reader's key. Without a key it may not: any host name can be made to lead here (DNS rebinding).
 */
export function checkOrigin({ docs }: { docs: 'both' | 'ops' | 'off' }): RequestHandler {
  return (req, res, next) => {
    const { origin } = req.headers;
    const { client, headers, keyOwner } = scopeOf(res);
    if (origin === undefined || found(client).origins.includes(origin)) return next();
    if (docs === 'both' && keyOwner !== undefined && isSameOrigin(req.headers)) return next();
    forgetOrigin(headers);
    throw originRefused();
  };
}

function forgetOrigin(headers: Headers): void {
  delete headers[ALLOW_ORIGIN];
  delete headers[EXPOSE_HEADERS];
}

function originRefused(): Refusal {
  return new Refusal(
    'origin-not-allowed',
    "Browsers may call only from the origins listed under the client's `origins` in the clients file.",
  );
}
