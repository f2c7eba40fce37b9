import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { readsDocs, type DocsSetting } from '../docs/answer-docs.ts';
import { Refusal } from '../errors.ts';
import { isLoopback } from '../settings/addresses.ts';

/**
 * Protects the ops listener. With `OPS_TOKEN` set, every request needs it. Without it, the listener is on loopback. A web
 * page that is open on the machine could make its own host name point there (DNS rebinding), so only requests with a
 * loopback name as their host are answered. Pages of other origins are refused in both cases. The API page needs no token.
 */
export function authenticateOps({
  opsToken,
  docs,
}: {
  opsToken: string | undefined;
  docs: DocsSetting;
}): RequestHandler {
  const checkCaller = opsToken === undefined ? checkHost : tokenCheck(opsToken);
  const needsNoToken = opsToken !== undefined && docs !== 'off' ? readsDocs : () => false;
  return (req, _res, next) => {
    if (!needsNoToken(req)) checkCaller(req);
    checkPage(req);
    next();
  };
}

function tokenCheck(opsToken: string): (req: Request) => void {
  const expected = hash(opsToken);
  return (req) => {
    const token = /^Bearer +(\S+)\s*$/i.exec(req.get('authorization') ?? '')?.[1];
    if (token !== undefined && timingSafeEqual(hash(token), expected)) return;
    throw new Refusal('unauthenticated', 'Send OPS_TOKEN as Authorization: Bearer TOKEN.', {
      headers: { 'WWW-Authenticate': 'Bearer realm="gewe-gateway ops"' },
    });
  };
}

/** The listener has made sure that there is at most one Host, and that it is the one in the target if there is one. */
function checkHost(req: Request): void {
  const host = (req.get('host') ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (isLoopback(host)) return;
  throw new Refusal(
    'unauthenticated',
    'Without OPS_TOKEN, this listener answers only if Host is localhost, 127.0.0.1 or [::1].',
  );
}

/**
 * Refuses pages of other origins. They could read no response, since there are no CORS headers, and changes need methods
 * that a browser asks permission for; this stops them earlier. Following a link is no call of the page that has it
 * (the resource isolation policy of Fetch Metadata).
 */
function checkPage(req: Request): void {
  const site = req.get('sec-fetch-site');
  const origin = req.get('origin');
  const isLink = req.method === 'GET' && req.get('sec-fetch-mode') === 'navigate';
  // Browsers send Sec-Fetch-Site only to https and loopback addresses. Elsewhere only Origin is known.
  const isForeign =
    site === undefined
      ? origin !== undefined && URL.parse(origin)?.host !== req.get('host')
      : site !== 'same-origin' && site !== 'none' && !isLink;
  if (isForeign) {
    throw new Refusal('origin-not-allowed', 'Pages of another origin may not call this listener.');
  }
}

function hash(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
