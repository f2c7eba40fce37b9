import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import type { RequestHandler } from 'express';
import type { Clock } from '../clock.ts';
import { Refusal, retryAt } from '../errors.ts';
import type { Client } from '../settings/client.ts';
import { clientSlot } from './authenticate.ts';

const MINUTE_MS = 60_000;

/**
 * The rate limit: protects the gateway from one client, counted in fixed minutes. Callers without a name share
 * nothing, so they are told apart by address.
 */
export function limitClient({
  clock,
  anonymous,
}: {
  clock: Clock;
  anonymous: Client | undefined;
}): RequestHandler {
  return rateLimit({
    windowMs: MINUTE_MS,
    identifier: 'client',
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    limit: (_req, res) => clientSlot.of(res).requestsPerMinute,
    keyGenerator: (req, res) => {
      const client = clientSlot.of(res);
      return client === anonymous ? `address ${ipKeyGenerator(req.ip ?? '')}` : client.name;
    },
    handler: (req) => {
      const info = (req as { rateLimit?: { resetTime?: Date } }).rateLimit;
      const now = clock.now();
      const opens = Math.max(info?.resetTime?.getTime() ?? now + MINUTE_MS, now);
      throw new Refusal(
        'client-rate-limited',
        'This client has used its requestsPerMinute. Wait as long as Retry-After says.',
        retryAt(opens, now),
      );
    },
  });
}
