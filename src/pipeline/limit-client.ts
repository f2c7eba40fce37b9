import { ipKeyGenerator, MemoryStore, rateLimit, type Store } from 'express-rate-limit';
import type { Request, RequestHandler } from 'express';
import { systemClock, type Clock } from '../time.ts';
import { Refusal, retryAt } from '../errors.ts';
import type { Client } from '../settings/client.ts';
import { clientSlot } from './authenticate.ts';
import { callerAddress } from './caller-address.ts';

const MINUTE_MS = 60_000;

/** Where several gateways count the requests of clients together. */
export interface ClientRate {
  /**
   * Counts one request. Rejects where the store fails.
   *
   * @returns how many there were in this window of `windowMs`, and how much of it is left, in milliseconds
   */
  hit(client: string, windowMs: number): Promise<{ hits: number; leftMs: number }>;
}

/** While the shared count cannot be had each gateway counts by itself: a store that is away must not stop anybody. */
function sharedStore(clientRate: ClientRate): Store {
  const alone = new MemoryStore();
  return {
    init: (options) => alone.init(options),
    async increment(key) {
      try {
        const { hits, leftMs } = await clientRate.hit(key, MINUTE_MS);
        // The library tells callers how long to wait by the machine's own time.
        return { totalHits: hits, resetTime: new Date(systemClock.now() + leftMs) };
      } catch {
        return alone.increment(key);
      }
    },
    decrement: (key) => alone.decrement(key),
    resetKey: (key) => alone.resetKey(key),
  };
}

/**
 * The rate limit: protects the gateway from one client, counted in fixed minutes. Callers without a name share
 * nothing, so they are told apart by address.
 */
export function limitClient({
  clock,
  anonymous,
  clientRate,
}: {
  clock: Clock;
  anonymous: Client | undefined;
  /** Undefined where this is the only gateway. */
  clientRate: ClientRate | undefined;
}): RequestHandler {
  return rateLimit({
    windowMs: MINUTE_MS,
    ...(clientRate && { store: sharedStore(clientRate) }),
    identifier: 'client',
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    limit: (_req, res) => clientSlot.of(res).requestsPerMinute,
    keyGenerator: (req, res) => {
      const client = clientSlot.of(res);
      return client === anonymous ? `address ${ipKeyGenerator(addressOf(req))}` : client.name;
    },
    handler: (req) => {
      const info = (req as { rateLimit?: { resetTime?: Date } }).rateLimit;
      const resetTime = info?.resetTime?.getTime();
      const leftMs = resetTime === undefined ? MINUTE_MS : resetTime - systemClock.now();
      const now = clock.now();
      throw new Refusal(
        'client-rate-limited',
        'This client has used its requestsPerMinute. Wait as long as Retry-After says.',
        retryAt(now + Math.max(0, leftMs), now),
      );
    },
  });
}

function addressOf(req: Request): string {
  // What Express makes of `trust proxy`, and asks for its own `req.ip`.
  const trusts = req.app.get('trust proxy fn') as (address: string, hop: number) => boolean;
  return callerAddress(req.socket.remoteAddress ?? '', req.get('x-forwarded-for'), trusts);
}
