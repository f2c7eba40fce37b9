import { randomUUID } from 'node:crypto';
import type { IdempotencyKey, IdempotencyStore } from '../../add-contacts/ports.ts';
import { judgeClaim, type IdempotencyClaim } from '../idempotency-claim.ts';
import { accountKey } from './keys.ts';
import type { Owed } from './owed.ts';
import { mayBeDone } from './redis-error.ts';
import { bytesAt, numberAt, script, textAt, type Reply } from './script.ts';
import type { RedisServer } from './server.ts';

/** Claims the key where no living claim is there, and tells the one that is. */
const begin = script(`
local claim = redis.call('HMGET', KEYS[1], 'fingerprint', 'leaseUntil', 'expiresAt', 'answer')
if claim[1] and tonumber(claim[3]) > tonumber(args[3]) then
  return { 'found', claim[1], claim[2], claim[3], claim[4] }
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'owner', args[1], 'fingerprint', args[2], 'leaseUntil', args[4], 'expiresAt', args[5])
redis.call('PEXPIRE', KEYS[1], args[5] - args[3])
return { 'begun' }`);

/** How its owner ends a claim: with an answer, or by giving it up. One with an answer stays: it was carried out. */
const end = script(`
local claim = redis.call('HMGET', KEYS[1], 'owner', 'answer')
if claim[1] ~= args[1] or claim[2] then return { 'not-yours' } end
if args[2] then redis.call('HSET', KEYS[1], 'answer', args[2]) else redis.call('DEL', KEYS[1]) end
return { 'ended' }`);

/** First answers, each in a hash that expires by itself. */
export function redisIdempotency(server: RedisServer, owed: Owed): IdempotencyStore {
  /** Under which name this gateway has claimed what is under way. */
  const owners = new Map<string, string>();
  const keyOf = ({ appId, id }: IdempotencyKey) => accountKey(appId, `idempotency:${id}`);

  /** How a claim ended must not be lost with the connection: it would read as if nobody knew. */
  async function settle(key: string, answer: readonly Buffer[]): Promise<void> {
    const owner = owners.get(key);
    if (owner === undefined) return;
    owners.delete(key);
    const tell = async () => void (await server.run(end, [key], [owner, ...answer]));
    try {
      await tell();
    } catch (error) {
      owed.owe(key, tell);
      throw error;
    }
  }

  return {
    async begin(name, fingerprint, { now, leaseUntil, expiresAt }) {
      const key = keyOf(name);
      const owner = randomUUID();
      const args = [owner, fingerprint, now, leaseUntil, expiresAt];
      const reply = await server.run(begin, [key], args).catch((error: unknown) => {
        // It may be claimed although nobody heard of it, and then nothing is sent under it.
        const giveUp = async () => void (await server.run(end, [key], [owner]));
        if (mayBeDone(error)) owed.owe(`${key} ${owner}`, giveUp);
        throw error;
      });
      const found = judgeClaim(claimIn(reply), fingerprint, now);
      if (found.kind === 'begun') owners.set(key, owner);
      return found;
    },
    finish: (name, answer) => settle(keyOf(name), [answer]),
    abandon: (name) => settle(keyOf(name), []),
  };
}

function claimIn(reply: Reply): IdempotencyClaim | undefined {
  if (textAt(reply, 0) !== 'found') return undefined;
  return {
    fingerprint: textAt(reply, 1),
    leaseUntil: numberAt(reply, 2) ?? 0,
    expiresAt: numberAt(reply, 3) ?? 0,
    answer: bytesAt(reply, 4),
  };
}
