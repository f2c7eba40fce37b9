import { randomUUID } from 'node:crypto';
import type { IdempotencyKey, IdempotencyStore } from '../../add-contacts/ports.ts';
import { judgeClaim, type IdempotencyClaim } from '../../add-contacts/idempotency.ts';
import { accountKey } from './keys.ts';
import type { PendingWrites } from './pending-writes.ts';
import { mayBeDone } from './connection.ts';
import { bytesAt, numberAt, script, textAt, type Reply } from './script.ts';
import type { RedisServer } from './server.ts';

/** Claims the key if it has no live claim, and otherwise returns that claim. */
const begin = script(`
local claim = redis.call('HMGET', KEYS[1], 'fingerprint', 'leaseUntil', 'expiresAt', 'answer')
if claim[1] and tonumber(claim[3]) > tonumber(args[3]) then
  return { 'found', claim[1], claim[2], claim[3], claim[4] }
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'owner', args[1], 'fingerprint', args[2], 'leaseUntil', args[4], 'expiresAt', args[5])
redis.call('PEXPIRE', KEYS[1], args[5] - args[3])
return { 'begun' }`);

/** Removes a claim of this owner. A claim with an answer stays, because its request was carried out. */
const abandon = script(`
local claim = redis.call('HMGET', KEYS[1], 'owner', 'answer')
if claim[1] ~= args[1] or claim[2] then return { 'not-yours' } end
redis.call('DEL', KEYS[1])
return { 'ended' }`);

/** Adds the answer to a claim of this owner, even if Redis has lost the claim meanwhile. */
const finish = script(`
local claim = redis.call('HMGET', KEYS[1], 'owner', 'answer')
local leftMs = args[4] - now
if claim[2] or (claim[1] and claim[1] ~= args[1]) or leftMs <= 0 then return { 'not-yours' } end
redis.call('HSET', KEYS[1], 'owner', args[1], 'fingerprint', args[3], 'leaseUntil', 0, 'expiresAt', args[4], 'answer', args[2])
redis.call('PEXPIRE', KEYS[1], leftMs)
return { 'ended' }`);

/** A claim of this gateway whose request is under way. */
interface Held {
  readonly owner: string;
  readonly fingerprint: string;
  readonly leaseUntil: number;
  readonly expiresAt: number;
}

/** First answers, each in a hash that expires. */
export function redisIdempotency(server: RedisServer, pending: PendingWrites): IdempotencyStore {
  const held = new Map<string, Held>();
  const keyOf = ({ appId, id }: IdempotencyKey) => accountKey(appId, `idempotency:${id}`);

  const giveUp = async (key: string, owner: string) =>
    void (await server.run(abandon, [key], [owner]));

  /** The end of a claim must not be lost with the connection: the outcome would count as unknown. */
  async function settle(key: string, end: (claim: Held) => Promise<void>): Promise<void> {
    const claim = held.get(key);
    if (claim === undefined) return;
    held.delete(key);
    try {
      await end(claim);
    } catch (error) {
      pending.add(key, () => end(claim));
      throw error;
    }
  }

  return {
    async begin(name, fingerprint, { now, leaseUntil, expiresAt }) {
      const key = keyOf(name);
      const mine = held.get(key);
      // If Redis has lost the claim meanwhile, the request must still not be sent again.
      if (mine !== undefined && now < mine.leaseUntil) {
        return { kind: mine.fingerprint === fingerprint ? 'in-progress' : 'mismatch' };
      }
      const owner = randomUUID();
      const args = [owner, fingerprint, now, leaseUntil, expiresAt];
      const reply = await server.run(begin, [key], args).catch((error: unknown) => {
        // The answer may be lost and the key claimed all the same. Nothing will be sent for that claim.
        if (mayBeDone(error)) pending.add(`${key} ${owner}`, () => giveUp(key, owner));
        throw error;
      });
      const found = judgeClaim(claimIn(reply), fingerprint, now);
      if (found.kind === 'begun') held.set(key, { owner, fingerprint, leaseUntil, expiresAt });
      return found;
    },
    finish(name, answer) {
      const key = keyOf(name);
      return settle(key, async ({ owner, fingerprint, expiresAt }) => {
        await server.run(finish, [key], [owner, answer, fingerprint, expiresAt]);
      });
    },
    abandon(name) {
      const key = keyOf(name);
      return settle(key, ({ owner }) => giveUp(key, owner));
    },
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
