import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { isLoopback } from '../settings/addresses.ts';

/**
 * The ops listener's own lock: with `OPS_TOKEN` set, nothing here answers without it. Without it the listener is on
 * loopback, where any web page that is open on the machine could have its own name point (DNS rebinding): so only a
 * request that calls it by a loopback name is answered. Pages of other origins are turned away in both cases.
 */
export function authenticateOps({ opsToken }: { opsToken: string | undefined }): RequestHandler {
  const checkCaller = opsToken === undefined ? checkHost : tokenCheck(opsToken);
  return (req, _res, next) => {
    checkCaller(req);
    checkPage(req);
    next();
  };
}

function tokenCheck(opsToken: string): (req: Request) => void {
  const expected = hash(opsToken);
  return (req) => {
    const shown = /^Bearer +(\S+)\s*$/i.exec(req.get('authorization') ?? '')?.[1];
    if (shown !== undefined && timingSafeEqual(hash(shown), expected)) return;
    throw new Refusal('unauthenticated', 'Show OPS_TOKEN as Authorization: Bearer TOKEN.', {
      headers: { 'WWW-Authenticate': 'Bearer realm="gewe-gateway ops"' },
    });
  };
}

/** The listener has seen to it that there is one host at most, and that it is the target's where that names one. */
function checkHost(req: Request): void {
  const host = (req.get('host') ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (isLoopback(host)) return;
  throw new Refusal(
    'unauthenticated',
    'Without OPS_TOKEN this listener answers only to localhost, 127.0.0.1 and [::1] as its Host.',
  );
}

/**
 * Nothing here is for a page of another origin. It could read no answer, for want of CORS headers, and what changes
 * something takes a method that a browser asks for first; but it need not come that far. A link that is followed is no
 * call of that page (the resource isolation policy of Fetch Metadata).
 */
function checkPage(req: Request): void {
  const site = req.get('sec-fetch-site');
  const origin = req.get('origin');
  const isLink = req.method === 'GET' && req.get('sec-fetch-mode') === 'navigate';
  // Browsers say the site only to https and to loopback; elsewhere the origin tells.
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
