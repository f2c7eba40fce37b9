/** What browsers need in order to call (Fetch standard, CORS protocol). */
import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { found, scopeOf, type Headers, type RequestScope } from '../http/request-scope.ts';
import { isSameOrigin } from '../http/same-origin.ts';
import { sendNoContent, vary } from '../http/send.ts';
import type { Client, ClientDirectory } from '../settings/client.ts';
import type { Settings } from '../settings/settings.ts';

const REQUEST_HEADERS =
  'Authorization, X-API-Key, X-GEWE-TOKEN, Content-Type, Idempotency-Key, Prefer, Cache-Control, X-Request-Id, traceparent';
/** A browser takes no `X-Gateway-*`: each header has to be named (Fetch standard, Access-Control-Expose-Headers). */
const RESPONSE_HEADERS =
  'X-Request-Id, Age, Cache-Status, X-Gateway-Source, X-Gateway-Patched-At, X-Gateway-Attempt, Preference-Applied, Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed';
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
    } else if (origin !== undefined) {
      noteOrigin(scopeOf(res), origin);
    }
    next();
  };
}

/**
 * Answers what a browser asks before it calls, without a key (Fetch standard, CORS-preflight request).
 *
 * @param methods the methods of the path, such as `GET, HEAD`
 */
export function answerPreflight(methods: string): RequestHandler {
  return (req, res, next) => {
    if (req.method !== 'OPTIONS') return next();
    const isAllowed = ALLOW_ORIGIN in scopeOf(res).headers;
    if (req.headers.origin !== undefined && !isAllowed) throw originRefused();
    sendNoContent(res, {
      Allow: `${methods}, OPTIONS`,
      ...(isAllowed && {
        'Access-Control-Allow-Methods': methods,
        'Access-Control-Allow-Headers': REQUEST_HEADERS,
        'Access-Control-Max-Age': PREFLIGHT_SECONDS,
      }),
    });
  };
}

interface CheckOriginParts {
  readonly docs: Settings['docs'];
  /** The client of callers without a key; undefined if a key is required. */
  readonly anonymous: Client | undefined;
}

/**
 * Checks that this client lists the origin, once the client is known. The API page is on the gateway's own origin and calls
 * with its reader's key. Without a key it may not: any host name can be made to lead here (DNS rebinding).
 */
export function checkOrigin({ docs, anonymous }: CheckOriginParts): RequestHandler {
  return (req, res, next) => {
    const { origin } = req.headers;
    const scope = scopeOf(res);
    const { client } = found(scope.caller);
    if (origin === undefined || client.origins.includes(origin)) return next();
    if (docs === 'both' && client !== anonymous && isSameOrigin(req.headers)) return next();
    forgetOrigin(scope.headers);
    noteOrigin(scope, origin);
    throw originRefused();
  };
}

/** The longest host name with its scheme and port is shorter. */
const LOGGED_CHARACTERS = 280;

/** For the log: the operator has to see what to list. A key in its place must not get there. */
function noteOrigin(scope: RequestScope, origin: string): void {
  if (!scope.holdsSecret(origin)) scope.unlistedOrigin = origin.slice(0, LOGGED_CHARACTERS);
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
