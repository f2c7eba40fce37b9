import type { RequestHandler } from 'express';
import type { ServerResponse } from 'node:http';
import { Refusal } from '../errors.ts';
import type { ClientDirectory } from '../settings/client.ts';
import { clientSlot } from './authenticate.ts';
import { vary } from './send.ts';

const REQUEST_HEADERS =
  'Authorization, X-API-Key, X-GEWE-TOKEN, Content-Type, Idempotency-Key, Prefer, Cache-Control, X-Request-Id, traceparent';
const RESPONSE_HEADERS =
  'X-Request-Id, Age, Cache-Status, X-Gateway-Source, Preference-Applied, Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed';
const PREFLIGHT_SECONDS = '600';

/**
 * Lets a browser of a listed origin read whatever comes, every refusal too. The key is not known yet, so here every
 * origin that some client lists will do.
 */
export function allowOrigin({ clients }: { clients: ClientDirectory }): RequestHandler {
  return (req, res, next) => {
    vary(res, 'Origin');
    const origin = req.get('origin');
    if (origin !== undefined && clients.knowsOrigin(origin)) {
      res.setHeader('Access-Control-Allow-Origin', origin);
      res.setHeader('Access-Control-Expose-Headers', RESPONSE_HEADERS);
    }
    next();
  };
}

/** Answers what a browser asks before it calls, without a key (Fetch standard, CORS-preflight request). */
export function answerPreflight(): RequestHandler {
  return (req, res, next) => {
    if (req.method !== 'OPTIONS') return next();
    const allowed = res.hasHeader('Access-Control-Allow-Origin');
    if (req.get('origin') !== undefined && !allowed) throw originRefused();
    res.setHeader('Allow', 'POST, OPTIONS');
    if (allowed) {
      res.setHeader('Access-Control-Allow-Methods', 'POST');
      res.setHeader('Access-Control-Allow-Headers', REQUEST_HEADERS);
      res.setHeader('Access-Control-Max-Age', PREFLIGHT_SECONDS);
    }
    res.statusCode = 204;
    res.end();
  };
}

/** After the key is known: a browser must come from an origin that this very client lists. */
export function checkOrigin(): RequestHandler {
  return (req, res, next) => {
    const origin = req.get('origin');
    if (origin === undefined || clientSlot.of(res).origins.includes(origin)) return next();
    forgetOrigin(res);
    throw originRefused();
  };
}

function forgetOrigin(res: ServerResponse): void {
  res.removeHeader('Access-Control-Allow-Origin');
  res.removeHeader('Access-Control-Expose-Headers');
}

function originRefused(): Refusal {
  return new Refusal(
    'origin-not-allowed',
    "Browsers may call only from the origins listed under the client's `origins` in the clients file.",
  );
}
