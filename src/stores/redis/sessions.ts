import { LONGEST_SESSION_MS, type SessionStore, type SigningKey } from '../../auth/ports.ts';
import { commonKey } from './keys.ts';
import { membersAt, numberAt, script } from './script.ts';
import type { RedisServer } from './server.ts';

/** A hash from a key's id to its JSON. */
export const SIGNING_KEYS = commonKey('session-keys');

const signingKeys = script(`
if args[1] and redis.call('EXISTS', KEYS[1]) == 0 then redis.call('HSET', KEYS[1], args[1], args[2]) end
return { 'keys', redis.call('HVALS', KEYS[1]) }`);

const rotateKey = script(`
local retiresAt = tonumber(args[3])
local before = redis.call('HGETALL', KEYS[1])
for i = 1, #before, 2 do
  local key = cjson.decode(before[i + 1])
  if not key.retiresAt or key.retiresAt > retiresAt then key.retiresAt = retiresAt end
  if key.retiresAt <= tonumber(args[4]) then redis.call('HDEL', KEYS[1], before[i])
  else redis.call('HSET', KEYS[1], before[i], cjson.encode(key)) end
end
redis.call('HSET', KEYS[1], args[1], args[2])
return { 'done' }`);

const end = script(`
local before = tonumber(redis.call('GET', KEYS[1]) or '-1')
if tonumber(args[1]) > before then redis.call('SET', KEYS[1], args[1], 'PX', args[2]) end
return { 'done' }`);

const endedUntil = script(`return { 'ends', unpack(redis.call('MGET', KEYS[1], KEYS[2])) }`);

/** A client's name has no slash. */
export function endKey(client: string, subject = ''): string {
  return commonKey(`session-end:${client}/${subject}`);
}

/** Signing keys in one hash; the last end of each subject and client in a key that expires. */
export function redisSessions(server: RedisServer): SessionStore {
  return {
    async signingKeys(first) {
      const args = first === undefined ? [] : [first.id, JSON.stringify(first)];
      const reply = await server.run(signingKeys, [SIGNING_KEYS], args);
      return membersAt(reply, 1)
        .map((json) => JSON.parse(String(json)) as SigningKey)
        .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));
    },
    async rotateKey(next, retiresAt) {
      const args = [next.id, JSON.stringify(next), retiresAt, next.createdAt];
      await server.run(rotateKey, [SIGNING_KEYS], args);
    },
    async end(client, subject, at) {
      // In the future only if the clock was set back.
      const aheadMs = Math.max(0, Math.ceil(at - server.clock.now()));
      await server.run(end, [endKey(client, subject)], [at, LONGEST_SESSION_MS + aheadMs]);
    },
    async endedUntil(client, subject) {
      const reply = await server.run(endedUntil, [endKey(client), endKey(client, subject)]);
      return Math.max(numberAt(reply, 1) ?? -Infinity, numberAt(reply, 2) ?? -Infinity);
    },
  };
}
