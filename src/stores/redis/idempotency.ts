import { randomUUID } from 'node:crypto';
import type { IdempotencyKey, IdempotencyStore } from '../../add-contacts/ports.ts';
import { judgeRecord, type IdempotencyRecord } from '../../add-contacts/idempotency.ts';
import { accountKey } from './keys.ts';
import type { PendingWrites } from './pending-writes.ts';
import { mayBeDone } from './connection.ts';
import { bytesAt, numberAt, script, textAt, type Reply } from './script.ts';
import type { RedisServer } from './server.ts';

/** Acquires the key if it has no live record, and otherwise returns that record. */
const acquire = script(`
local record = redis.call('HMGET', KEYS[1], 'fingerprint', 'leaseUntil', 'expiresAt', 'answer')
if record[1] and tonumber(record[3]) > tonumber(args[3]) then
  return { 'found', record[1], record[2], record[3], record[4] }
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'owner', args[1], 'fingerprint', args[2], 'leaseUntil', args[4], 'expiresAt', args[5])
redis.call('PEXPIRE', KEYS[1], args[5] - args[3])
return { 'acquired' }`);

/** Removes a record of this owner. A record with an answer stays, because its request was carried out. */
const release = script(`
local record = redis.call('HMGET', KEYS[1], 'owner', 'answer')
if record[1] ~= args[1] or record[2] then return { 'not-yours' } end
redis.call('DEL', KEYS[1])
return { 'ended' }`);

/** Adds the answer to a record of this owner, even if Redis has lost the record meanwhile. */
const complete = script(`
local record = redis.call('HMGET', KEYS[1], 'owner', 'answer')
local leftMs = args[4] - now
if record[2] or (record[1] and record[1] ~= args[1]) or leftMs <= 0 then return { 'not-yours' } end
redis.call('HSET', KEYS[1], 'owner', args[1], 'fingerprint', args[3], 'leaseUntil', 0, 'expiresAt', args[4], 'answer', args[2])
redis.call('PEXPIRE', KEYS[1], leftMs)
return { 'ended' }`);

/** A key that this gateway holds: its request is under way. */
interface Held {
  readonly owner: string;
  readonly fingerprint: string;
  readonly leaseUntil: number;
  readonly expiresAt: number;
}

export function answerKey({ appId, id }: IdempotencyKey): string {
  return accountKey(appId, `idempotency:${id}`);
}

/** First answers, each in a hash that expires. */
export function redisIdempotency(server: RedisServer, pending: PendingWrites): IdempotencyStore {
  const held = new Map<string, Held>();

  const releaseFor = async (key: string, owner: string) =>
    void (await server.run(release, [key], [owner]));

  /** How a key ended must not be lost with the connection: the outcome would count as unknown. */
  async function settle(key: string, end: (mine: Held) => Promise<void>): Promise<void> {
    const mine = held.get(key);
    if (mine === undefined) return;
    held.delete(key);
    try {
      await end(mine);
    } catch (error) {
      pending.add(key, () => end(mine));
      throw error;
    }
  }

  return {
    async acquire(name, fingerprint, { now, leaseUntil, expiresAt }) {
      const key = answerKey(name);
      const mine = held.get(key);
      // If Redis has lost the record meanwhile, the request must still not be sent again.
      if (mine !== undefined && now < mine.leaseUntil) {
        return { kind: mine.fingerprint === fingerprint ? 'in-progress' : 'mismatch' };
      }
      const owner = randomUUID();
      const args = [owner, fingerprint, now, leaseUntil, expiresAt];
      const reply = await server.run(acquire, [key], args).catch((error: unknown) => {
        // The reply may be lost and the key acquired all the same. Nothing will be sent for it.
        if (mayBeDone(error)) pending.add(`${key} ${owner}`, () => releaseFor(key, owner));
        throw error;
      });
      const found = judgeRecord(recordIn(reply), fingerprint, now);
      if (found.kind === 'acquired') held.set(key, { owner, fingerprint, leaseUntil, expiresAt });
      return found;
    },
    complete(name, answer) {
      const key = answerKey(name);
      return settle(key, async ({ owner, fingerprint, expiresAt }) => {
        await server.run(complete, [key], [owner, answer, fingerprint, expiresAt]);
      });
    },
    release(name) {
      const key = answerKey(name);
      return settle(key, ({ owner }) => releaseFor(key, owner));
    },
  };
}

function recordIn(reply: Reply): IdempotencyRecord | undefined {
  if (textAt(reply, 0) !== 'found') return undefined;
  return {
    fingerprint: textAt(reply, 1),
    leaseUntil: numberAt(reply, 2) ?? 0,
    expiresAt: numberAt(reply, 3) ?? 0,
    answer: bytesAt(reply, 4),
  };
}
