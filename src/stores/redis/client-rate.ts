import type { ClientRate } from '../../steps/limit-client.ts';
import { commonKey } from './keys.ts';
import { numberAt, script } from './script.ts';
import type { RedisServer } from './server.ts';

const hit = script(`
local leftMs = redis.call('PTTL', KEYS[1])
-- If more is left of a window than its length, it began before the clock was set back.
if leftMs <= 0 or leftMs > tonumber(args[1]) then
  redis.call('SET', KEYS[1], 1, 'PX', args[1])
  return { 'counted', 1, tonumber(args[1]) }
end
return { 'counted', redis.call('INCR', KEYS[1]), leftMs }`);

/** A counter of requests for each client, which expires with its window. */
export function redisClientRate(server: RedisServer): ClientRate {
  return {
    async hit(client, windowMs) {
      const reply = await server.run(hit, [commonKey(`rate:${client}`)], [windowMs]);
      return { hits: numberAt(reply, 1) ?? 0, leftMs: numberAt(reply, 2) ?? 0 };
    },
  };
}
