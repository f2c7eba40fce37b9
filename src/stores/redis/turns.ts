import { randomUUID } from 'node:crypto';
import type { MyTurn, TheirTurn, Turn, Turns } from '../../turns.ts';
import { accountKey } from './keys.ts';
import type { PubSub } from './pubsub.ts';
import { bytesAt, numberAt, script, textAt } from './script.ts';
import type { RedisServer } from './server.ts';

/** So long nobody else takes a turn whose owner is not heard of. It says that it lives three times as often. */
const LEASE_MS = 3000;
/** News come at once where they come; where one was lost it is noticed so much later. */
const LOOK_EVERY_MS = 1000;
/** For those who wait and were not told. */
const RESULT_KEPT_MS = 10_000;

// Leases run on the server's own time, which also passes where a test has stopped the other. One that would run for longer than any
// was taken before the clock was set back.
const HOLDS = `
local function holds(leaseUntil)
  local leftMs = tonumber(leaseUntil) - server
  return leftMs > 0 and leftMs <= ${LEASE_MS}
end`;

const take = script(`${HOLDS}
local turn = redis.call('HMGET', KEYS[1], 'id', 'since', 'until', 'result', 'endedAt', 'restMs')
if turn[4] then
  -- One that ended later than now did so before the clock was set back.
  local endedAt = tonumber(turn[5])
  if endedAt <= now and endedAt + turn[6] > tonumber(args[3]) then return { 'ended', turn[1], turn[2], turn[4] } end
elseif turn[1] and holds(turn[3]) then
  return { 'theirs', turn[1], turn[2] }
end
-- Who waits for one that is taken over waits for the new one from here on.
if redis.call('DEL', KEYS[1]) == 1 and not turn[4] then redis.call('PUBLISH', args[4], 'turn ' .. KEYS[1]) end
redis.call('HSET', KEYS[1], 'id', args[1], 'since', now, 'until', server + args[2])
redis.call('PEXPIRE', KEYS[1], args[2] * 2)
return { 'mine' }`);

const renew = script(`
if redis.call('HGET', KEYS[1], 'id') ~= args[1] then return { 'lost' } end
redis.call('HSET', KEYS[1], 'until', server + args[2])
redis.call('PEXPIRE', KEYS[1], args[2] * 2)
return { 'kept' }`);

const note = script(`
if redis.call('HGET', KEYS[1], 'id') ~= args[1] then return { 'lost' } end
redis.call('HSET', KEYS[1], 'note', 1)
redis.call('PUBLISH', args[2], 'turn ' .. KEYS[1])
return { 'kept' }`);

const end = script(`
if redis.call('HGET', KEYS[1], 'id') ~= args[1] then return { 'lost' } end
if args[5] then
  redis.call('HSET', KEYS[1], 'result', args[5], 'endedAt', now, 'restMs', args[3])
  redis.call('PEXPIRE', KEYS[1], math.max(args[3], args[4]))
else
  redis.call('DEL', KEYS[1])
end
redis.call('PUBLISH', args[2], 'turn ' .. KEYS[1])
return { 'ended' }`);

const look = script(`${HOLDS}
local turn = redis.call('HMGET', KEYS[1], 'id', 'until', 'result', 'note')
if turn[1] ~= args[1] then return { 'gone' } end
if turn[3] then return { 'ended', turn[3] } end
if not holds(turn[2]) then return { 'gone' } end
return { turn[4] and 'noted' or 'under-way' }`);

/** Turns as leases in Redis. */
export function redisTurns(server: RedisServer, pubsub: PubSub): Turns {
  /** Those who wait for a turn, by its key; called when there may be something to see. */
  const waiting = new Map<string, Set<() => void>>();
  let stopped = false;
  pubsub.on('turn', (key) => {
    for (const see of waiting.get(key) ?? []) see();
  });

  function mine(key: string, id: string): MyTurn {
    const timer = setInterval(() => {
      server.run(renew, [key], [id, LEASE_MS]).catch(() => undefined);
    }, LEASE_MS / 3).unref();
    return {
      kind: 'mine',
      note() {
        server.run(note, [key], [id, pubsub.channel]).catch(() => undefined);
      },
      async end(result, restMs = 0) {
        clearInterval(timer);
        const args = [id, pubsub.channel, restMs, RESULT_KEPT_MS];
        const giveUp = () => server.run(end, [key], args);
        const tell = result === undefined ? giveUp() : server.run(end, [key], [...args, result]);
        // One that is full takes no result, and lets the turn go all the same. Else the lease runs out.
        await tell.catch(giveUp).catch(() => undefined);
      },
    };
  }

  function theirs(key: string, id: string, since: number): TheirTurn {
    const noted = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<Buffer | undefined>();
    const timer = setInterval(see, LOOK_EVERY_MS).unref();
    const others = waiting.get(key) ?? new Set();
    waiting.set(key, others.add(see));

    function see(): void {
      if (stopped) return leave(undefined);
      server.run(look, [key], [id]).then(
        (reply) => {
          const kind = textAt(reply, 0);
          if (kind === 'noted') noted.resolve();
          if (kind === 'ended') leave(bytesAt(reply, 1));
          if (kind === 'gone') leave(undefined);
        },
        () => leave(undefined),
      );
    }

    function leave(result: Buffer | undefined): void {
      clearInterval(timer);
      others.delete(see);
      if (others.size === 0 && waiting.get(key) === others) waiting.delete(key);
      ended.resolve(result);
    }

    // It may have come to that while the turn was asked for.
    if (stopped) leave(undefined);
    return { kind: 'theirs', since, noted: noted.promise, ended: ended.promise };
  }

  return {
    async take({ appId, what, askedAt }): Promise<Turn> {
      if (stopped) throw new Error('this gateway stops');
      const key = accountKey(appId, `turn:${what}`);
      const id = randomUUID();
      // A turn that ended before its caller asked must not pass for one that ended after, however inexact the clock.
      const latestAskedAt = askedAt + server.mayLagMs();
      const reply = await server.run(take, [key], [id, LEASE_MS, latestAskedAt, pubsub.channel]);
      const since = numberAt(reply, 2) ?? 0;
      switch (textAt(reply, 0)) {
        case 'mine':
          return mine(key, id);
        case 'ended': {
          const ended = Promise.resolve(bytesAt(reply, 3));
          return { kind: 'theirs', since, noted: new Promise(() => undefined), ended };
        }
        default:
          return theirs(key, textAt(reply, 1), since);
      }
    },
    stop() {
      stopped = true;
      for (const all of [...waiting.values()]) for (const see of [...all]) see();
    },
  };
}
