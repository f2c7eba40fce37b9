import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { Refusal } from '../errors.ts';

/** The ops listener's own lock: with `OPS_TOKEN` set, nothing here answers without it. */
export function authenticateOps({ opsToken }: { opsToken: string | undefined }): RequestHandler {
  if (opsToken === undefined) return (_req, _res, next) => next();
  const expected = hash(opsToken);
  return (req, _res, next) => {
    const shown = /^Bearer +(\S+)\s*$/i.exec(req.get('authorization') ?? '')?.[1];
    if (shown !== undefined && timingSafeEqual(hash(shown), expected)) return next();
    throw new Refusal('unauthenticated', 'Show OPS_TOKEN as Authorization: Bearer TOKEN.', {
      headers: { 'WWW-Authenticate': 'Bearer realm="gewe-gateway ops"' },
    });
  };
}

function hash(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
