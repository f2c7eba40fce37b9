import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';
import { isLoopback } from '../settings/secrets.ts';

/**
 * The ops listener's own lock: with `OPS_TOKEN` set, nothing here answers without it. Without it the listener is on
 * loopback, where any web page that is open on the machine could have its own name point (DNS rebinding): so only a
 * request that calls it by a loopback name is answered.
 */
export function authenticateOps({ opsToken }: { opsToken: string | undefined }): RequestHandler {
  if (opsToken === undefined) return checkHost;
  const expected = hash(opsToken);
  return (req, _res, next) => {
    const shown = /^Bearer +(\S+)\s*$/i.exec(req.get('authorization') ?? '')?.[1];
    if (shown !== undefined && timingSafeEqual(hash(shown), expected)) return next();
    throw new Refusal('unauthenticated', 'Show OPS_TOKEN as Authorization: Bearer TOKEN.', {
      headers: { 'WWW-Authenticate': 'Bearer realm="gewe-gateway ops"' },
    });
  };
}

const checkHost: RequestHandler = (req, _res, next) => {
  const name = /^(.*?)(?::\d+)?$/.exec(req.get('host') ?? '')?.[1] ?? '';
  if (isLoopback(name.replace(/^\[(.*)\]$/, '$1'))) return next();
  throw new Refusal(
    'unauthenticated',
    'Without OPS_TOKEN this listener answers only to localhost, 127.0.0.1 and [::1] as its Host.',
  );
};

function hash(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
