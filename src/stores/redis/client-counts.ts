/** Requests of clients: a hash for each bucket of time, which expires. */
import {
  COUNT_BUCKET_MS,
  COUNTS_KEPT_MS,
  type ClientCount,
  type ClientCounts,
} from '../../history/ports.ts';
import { commonKey } from './keys.ts';
import { inParts, ONCE, writeBatch } from './once.ts';
import type { PendingWrites } from './pending-writes.ts';
import { membersAt, numberAt, script, textAt, type Reply } from './script.ts';
import type { RedisServer } from './server.ts';

/** The buckets that there are, by time. */
const BUCKETS = commonKey('counts');
const keyOf = (bucket: number) => commonKey(`counts:${bucket}`);

/** A count lasts at least from the end of its bucket. */
const EXPIRES_AFTER_MS = COUNTS_KEPT_MS + COUNT_BUCKET_MS;

/** Three arguments for each count, and one key. */
const add = script(`${ONCE}
for i = 0, (#args - 2) / 3 - 1 do
  local bucket, field, count = unpack(args, 3 + 3 * i, 5 + 3 * i)
  redis.call('HINCRBY', KEYS[3 + i], field, count)
  redis.call('PEXPIRE', KEYS[3 + i], args[2])
  redis.call('ZADD', KEYS[2], bucket, bucket)
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - args[2])
return { 'added' }`);

const buckets = script(`
return { 'buckets', redis.call('ZRANGEBYSCORE', KEYS[1], args[1], '+inf') }`);

const read = script(`
local counts = {}
for i, key in ipairs(KEYS) do counts[i] = redis.call('HGETALL', key) end
return { 'counts', counts }`);

/** So few that no script is long, however many clients there are. */
const READ_AT_ONCE = 36;
const WRITTEN_AT_ONCE = 1000;

export function redisClientCounts(server: RedisServer, pending: PendingWrites): ClientCounts {
  async function readSome(some: readonly number[]): Promise<ClientCount[]> {
    const reply = await server.run(read, some.map(keyOf));
    return some.flatMap((bucket, i) => countsIn(bucket, membersAt(membersAt(reply, 1), i)));
  }

  return {
    async addCounts(counts) {
      const parts = inParts(counts, WRITTEN_AT_ONCE).map((some) => ({
        keys: [BUCKETS, ...some.map(({ bucket }) => keyOf(bucket))],
        args: [
          EXPIRES_AFTER_MS,
          ...some.flatMap(({ client, code, bucket, count }) => [
            bucket,
            `${code} ${client}`,
            count,
          ]),
        ],
      }));
      await writeBatch(server, pending, add, parts);
    },
    async countsSince(from) {
      const found = membersAt(await server.run(buckets, [BUCKETS], [from]), 1).map(Number);
      const read = await Promise.all(inParts(found, READ_AT_ONCE).map(readSome));
      return read.flat();
    },
  };
}

/** The counts of a bucket; fields and values alternate in its reply. A code has no space in it. */
function countsIn(bucket: number, reply: Reply): ClientCount[] {
  return reply.flatMap((_, i) => {
    if (i % 2 === 1) return [];
    const field = textAt(reply, i);
    const space = field.indexOf(' ');
    const [code, client] = [field.slice(0, space), field.slice(space + 1)];
    return [{ client, code, bucket, count: numberAt(reply, i + 1) ?? 0 }];
  });
}
