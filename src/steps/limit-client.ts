import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, MemoryStore, rateLimit, type Store } from 'express-rate-limit';
import type { Caller } from '../auth/caller.ts';
import { chinaTime } from '../china-time.ts';
import { Refusal, retryAt } from '../errors.ts';
import { callerAddress } from '../http/caller-address.ts';
import { addRateLimit, rateLimitHeaders } from '../http/rate-limit-headers.ts';
import { found, scopeOf } from '../http/request-scope.ts';
import { SUBJECT_REQUESTS_PER_MINUTE, type Client } from '../settings/client.ts';
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

/** The count of this gateway. */
function localStore(): Store {
  const memory = new MemoryStore();
  return {
    init: (options) => memory.init(options),
    async increment(key) {
      const hit = await memory.increment(key);
      const leftMs = (hit.resetTime?.getTime() ?? 0) - systemClock.now();
      if (leftMs <= MINUTE_MS) return hit;
      // If more is left of a window than its length, it began before the clock was set back.
      await memory.resetKey(key);
      return memory.increment(key);
    },
    decrement: (key) => memory.decrement(key),
    resetKey: (key) => memory.resetKey(key),
  };
}

/** If the shared count fails, each gateway counts by itself: a store that is down must not stop any client. */
function sharedStore(clientRate: ClientRate): Store {
  const alone = localStore();
  return {
    init: (options) => alone.init?.(options),
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
 * The rate limits: protect the gateway from one client, and a client from one of its sessions, in fixed windows of a
 * minute. Anonymous callers are counted by address.
 */
export function limitClient(parts: LimitClientParts): RequestHandler {
  const { anonymous } = parts;
  const ofClient = limit(parts, 'client', {
    limit: ({ client }) => client.requestsPerMinute,
    key: ({ client }, req) =>
      client === anonymous ? `address ${ipKeyGenerator(addressOf(req))}` : client.name,
  });
  const ofSession = limit(parts, 'session', {
    limit: ({ client }) => client.sessions?.requestsPerMinute ?? SUBJECT_REQUESTS_PER_MINUTE,
    // A client's name has no slash.
    key: ({ client, session }) => `${client.name}/${session}`,
  });
  return (req, res, next) =>
    ofClient(req, res, (error?: unknown) => {
      const hasOwnRate = found(scopeOf(res).caller).session !== undefined;
      if (error === undefined && hasOwnRate) ofSession(req, res, next);
      else next(error);
    });
}

interface Counted {
  limit(caller: Caller): number;
  key(caller: Caller, req: Request): string;
}

/** Counts the request in one window, and shows the count in the response's headers. */
function limit(
  { clock, clientRate }: LimitClientParts,
  name: 'client' | 'session',
  counted: Counted,
): RequestHandler {
  const callerOf = (res: Response) => found(scopeOf(res).caller);
  const count = rateLimit({
    windowMs: MINUTE_MS,
    store: clientRate === undefined ? localStore() : sharedStore(clientRate),
    // The gateway writes these headers itself, in one form for rate limits and quotas.
    standardHeaders: false,
    legacyHeaders: false,
    // These check at each request that the library is used correctly, which tests do once.
    validate: false,
    limit: (_req, res) => counted.limit(callerOf(res)),
    keyGenerator: (req, res) => counted.key(callerOf(res), req),
    handler: (req, res) => {
      throw rateLimited(name, show(name, req, res), clock.now());
    },
  });
  return (req, res, next) =>
    count(req, res, (error?: unknown) => {
      if (error === undefined) show(name, req, res);
      next(error);
    });
}

interface Shown {
  readonly limit: number;
  /** How much of the window is left, milliseconds. */
  readonly leftMs: number;
}

const WHY = {
  client: 'This client has used up its requestsPerMinute. Wait as long as Retry-After says.',
  session: 'This session has used up its requests of a minute. Wait as long as Retry-After says.',
} as const;

function rateLimited(name: keyof typeof WHY, { limit, leftMs }: Shown, now: number): Refusal {
  const { headers, members } = retryAt(now + leftMs, now);
  return new Refusal('client-rate-limited', WHY[name], {
    headers,
    members: { limit, windowSeconds: MINUTE_MS / 1000, ...members },
    msg: `请求太频繁，${chinaTime(now + leftMs, now)} 后可再试`,
  });
}

/** Puts the count into the response's headers, behind those that are there. */
function show(name: string, req: Request, res: Response): Shown {
  const { limit, remaining, resetTime } = (req as Request & { rateLimit: RateLimitInfo }).rateLimit;
  const leftMs = Math.max(0, (resetTime?.getTime() ?? Infinity) - systemClock.now());
  const rate = { name, limit, windowMs: MINUTE_MS, left: remaining, moreInMs: leftMs };
  addRateLimit(scopeOf(res).headers, rateLimitHeaders([rate]));
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
