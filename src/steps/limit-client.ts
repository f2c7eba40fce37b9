import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, MemoryStore, rateLimit, type Store } from 'express-rate-limit';
import { chinaTime } from '../china-time.ts';
import { Refusal, retryAt } from '../errors.ts';
import { callerAddress } from '../http/caller-address.ts';
import { rateLimitHeaders } from '../http/rate-limit-headers.ts';
import { found, scopeOf } from '../http/request-scope.ts';
import type { Client } from '../settings/client.ts';
import { systemClock, type Clock } from '../time.ts';

const MINUTE_MS = 60_000;

/** The count of clients' requests that several gateways share. */
export interface ClientRate {
  /**
   * Counts one request. Rejects if the store fails.
   *
   * @returns how many there were in this window of `windowMs`, and how much of it is left, in milliseconds
   */
  hit(client: string, windowMs: number): Promise<{ hits: number; leftMs: number }>;
}

/** If the shared count fails, each gateway counts by itself: a store that is down must not stop any client. */
function sharedStore(clientRate: ClientRate): Store {
  const alone = new MemoryStore();
  return {
    init: (options) => alone.init(options),
    async increment(key) {
      try {
        const { hits, leftMs } = await clientRate.hit(key, MINUTE_MS);
        // The library measures the wait by the machine's own time.
        return { totalHits: hits, resetTime: new Date(systemClock.now() + leftMs) };
      } catch {
        return alone.increment(key);
      }
    },
    decrement: (key) => alone.decrement(key),
    resetKey: (key) => alone.resetKey(key),
  };
}

interface LimitClientParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly anonymous: Client | undefined;
  /** Undefined if this is the only gateway. */
  readonly clientRate: ClientRate | undefined;
}

/**
 * The rate limit: protects the gateway from one client, in fixed windows of a minute. Anonymous callers are counted by
 * address.
 */
export function limitClient({ clock, anonymous, clientRate }: LimitClientParts): RequestHandler {
  const count = rateLimit({
    windowMs: MINUTE_MS,
    ...(clientRate && { store: sharedStore(clientRate) }),
    // The gateway writes these headers itself, in one form for rate limits and quotas.
    standardHeaders: false,
    legacyHeaders: false,
    // These check at each request that the library is used correctly, which tests do once.
    validate: false,
    limit: (_req, res) => found(scopeOf(res).client).requestsPerMinute,
    keyGenerator: (req, res) => {
      const client = found(scopeOf(res).client);
      return client === anonymous ? `address ${ipKeyGenerator(addressOf(req))}` : client.name;
    },
    handler: (req, res) => {
      throw rateLimited(show(req, res), clock.now());
    },
  });
  return (req, res, next) =>
    count(req, res, (error?: unknown) => {
      if (error === undefined) show(req, res);
      next(error);
    });
}

interface Shown {
  readonly limit: number;
  /** How much of the window is left, milliseconds. */
  readonly leftMs: number;
}

function rateLimited({ limit, leftMs }: Shown, now: number): Refusal {
  const { headers, members } = retryAt(now + leftMs, now);
  return new Refusal(
    'client-rate-limited',
    'This client has used up its requestsPerMinute. Wait as long as Retry-After says.',
    {
      headers,
      members: { limit, windowSeconds: MINUTE_MS / 1000, ...members },
      msg: `请求太频繁，${chinaTime(now + leftMs, now)} 后可再试`,
    },
  );
}

/** Puts the count into the answer's headers. */
function show(req: Request, res: Parameters<typeof scopeOf>[0]): Shown {
  const { limit, remaining, resetTime } = (req as Request & { rateLimit: RateLimitInfo }).rateLimit;
  const leftMs = Math.max(0, (resetTime?.getTime() ?? Infinity) - systemClock.now());
  const rate = { name: 'client', limit, windowMs: MINUTE_MS, left: remaining, moreInMs: leftMs };
  Object.assign(scopeOf(res).headers, rateLimitHeaders([rate]));
  return { limit, leftMs };
}

/** What the library leaves on a request. */
interface RateLimitInfo {
  readonly limit: number;
  readonly remaining: number;
  readonly resetTime?: Date;
}

function addressOf(req: Request): string {
  // The function that Express makes of `trust proxy` and uses for `req.ip`.
  const trusts = req.app.get('trust proxy fn') as (address: string, hop: number) => boolean;
  return callerAddress(req.socket.remoteAddress ?? '', req.get('x-forwarded-for'), trusts);
}
