import { randomUUID } from 'node:crypto';
import type { AcquiredLease, HeldLease, Lease, Leases } from '../../leases.ts';
import { accountKey } from './keys.ts';
import type { PubSub } from './pubsub.ts';
import { bytesAt, numberAt, script, textAt } from './script.ts';
import type { RedisServer } from './server.ts';

/** How long a lease lasts without being renewed. Its holder renews it three times as often. */
const LEASE_MS = 3000;
/** Messages wake those who wait at once. If one was lost, this is how long it takes to notice. */
const CHECK_EVERY_MS = 1000;
/** How long a result is kept for those who wait and missed the message. */
const RESULT_KEPT_MS = 10_000;

// Leases expire by the server's own time, which also passes while a test has stopped the other. A lease that would last
// longer than any can was acquired before the clock was set back.
const IS_VALID = `
local function isValid(expiresAt)
  local leftMs = tonumber(expiresAt) - server
  return leftMs > 0 and leftMs <= ${LEASE_MS}
end`;

const acquire = script(`${IS_VALID}
local lease = redis.call('HMGET', KEYS[1], 'holder', 'since', 'expiresAt', 'result', 'endedAt', 'reuseMs')
if lease[4] then
  -- A call that ended later than now did so before the clock was set back.
  local endedAt = tonumber(lease[5])
  if endedAt <= now and endedAt + lease[6] > tonumber(args[3]) then return { 'ended', lease[1], lease[2], lease[4] } end
elseif lease[1] and isValid(lease[3]) then
  return { 'held', lease[1], lease[2] }
end
-- The lease has expired: those who wait for its holder have to wait for the new one from here on.
if redis.call('DEL', KEYS[1]) == 1 and not lease[4] then redis.call('PUBLISH', args[4], 'lease ' .. KEYS[1]) end
redis.call('HSET', KEYS[1], 'holder', args[1], 'since', now, 'expiresAt', server + args[2])
redis.call('PEXPIRE', KEYS[1], args[2] * 2)
return { 'acquired' }`);

const renew = script(`
if redis.call('HGET', KEYS[1], 'holder') ~= args[1] then return { 'lost' } end
redis.call('HSET', KEYS[1], 'expiresAt', server + args[2])
redis.call('PEXPIRE', KEYS[1], args[2] * 2)
return { 'renewed' }`);

const announce = script(`
if redis.call('HGET', KEYS[1], 'holder') ~= args[1] then return { 'lost' } end
redis.call('HSET', KEYS[1], 'announced', 1)
redis.call('PUBLISH', args[2], 'lease ' .. KEYS[1])
return { 'announced' }`);

const release = script(`
if redis.call('HGET', KEYS[1], 'holder') ~= args[1] then return { 'lost' } end
if args[5] then
  redis.call('HSET', KEYS[1], 'result', args[5], 'endedAt', now, 'reuseMs', args[3])
  redis.call('PEXPIRE', KEYS[1], math.max(args[3], args[4]))
else
  redis.call('DEL', KEYS[1])
end
redis.call('PUBLISH', args[2], 'lease ' .. KEYS[1])
return { 'released' }`);

const check = script(`${IS_VALID}
local lease = redis.call('HMGET', KEYS[1], 'holder', 'expiresAt', 'result', 'announced')
if lease[1] ~= args[1] then return { 'lost' } end
if lease[3] then return { 'ended', lease[3] } end
if not isValid(lease[2]) then return { 'lost' } end
return { lease[4] and 'announced' or 'held' }`);

/** Leases as hashes in Redis, one for each account and kind of call. */
export function redisLeases(server: RedisServer, pubsub: PubSub): Leases {
  /** The checks of those who wait for a lease, by its key. */
  const waiting = new Map<string, Set<() => void>>();
  let stopped = false;
  pubsub.on('lease', (key) => {
    for (const checkNow of waiting.get(key) ?? []) checkNow();
  });

  function acquired(key: string, holder: string): AcquiredLease {
    const timer = setInterval(() => {
      server.run(renew, [key], [holder, LEASE_MS]).catch(() => undefined);
    }, LEASE_MS / 3).unref();
    return {
      kind: 'acquired',
      announce() {
        server.run(announce, [key], [holder, pubsub.channel]).catch(() => undefined);
      },
      async release(result, reuseMs = 0) {
        clearInterval(timer);
        const args = [holder, pubsub.channel, reuseMs, RESULT_KEPT_MS];
        const giveUp = () => server.run(release, [key], args);
        const end = result === undefined ? giveUp() : server.run(release, [key], [...args, result]);
        // A full Redis takes no result, but still lets the lease go. Otherwise the lease expires.
        await end.catch(giveUp).catch(() => undefined);
      },
    };
  }

  function held(key: string, holder: string, since: number): HeldLease {
    const announced = Promise.withResolvers<void>();
    const result = Promise.withResolvers<Buffer | undefined>();
    const timer = setInterval(checkNow, CHECK_EVERY_MS).unref();
    const checks = waiting.get(key) ?? new Set();
    waiting.set(key, checks.add(checkNow));

    function checkNow(): void {
      if (stopped) return leave(undefined);
      server.run(check, [key], [holder]).then(
        (reply) => {
          const kind = textAt(reply, 0);
          if (kind === 'announced') announced.resolve();
          if (kind === 'ended') leave(bytesAt(reply, 1));
          if (kind === 'lost') leave(undefined);
        },
        () => leave(undefined),
      );
    }

    function leave(encoded: Buffer | undefined): void {
      clearInterval(timer);
      checks.delete(checkNow);
      if (checks.size === 0 && waiting.get(key) === checks) waiting.delete(key);
      result.resolve(encoded);
    }

    // The gateway may have begun to stop while Redis was asked.
    if (stopped) leave(undefined);
    return { kind: 'held', since, announced: announced.promise, result: result.promise };
  }

  return {
    async acquire({ appId, work, askedAt }): Promise<Lease> {
      if (stopped) throw new Error('this gateway stops');
      const key = accountKey(appId, `lease:${work}`);
      const holder = randomUUID();
      // A call that ended before its caller asked must not pass for one that ended after, however inexact the clock.
      const latestAskedAt = askedAt + server.mayLagMs();
      const args = [holder, LEASE_MS, latestAskedAt, pubsub.channel];
      const reply = await server.run(acquire, [key], args);
      const since = numberAt(reply, 2) ?? 0;
      switch (textAt(reply, 0)) {
        case 'acquired':
          return acquired(key, holder);
        case 'ended': {
          const result = Promise.resolve(bytesAt(reply, 3));
          return { kind: 'held', since, announced: new Promise(() => undefined), result };
        }
        default:
          return held(key, textAt(reply, 1), since);
      }
    },
    stop() {
      stopped = true;
      for (const checks of [...waiting.values()]) for (const checkNow of [...checks]) checkNow();
    },
  };
}
