import type { KeySetStore } from '../../auth/issuers/ports.ts';
import { commonKey } from './keys.ts';
import { numberAt, script, textAt } from './script.ts';
import type { RedisServer } from './server.ts';

const load = script(
  `return { 'loaded', unpack(redis.call('HMGET', KEYS[1], 'keys', 'fetchedAt')) }`,
);

const save = script(`
redis.call('HSET', KEYS[1], 'keys', args[1], 'fetchedAt', args[2])
return { 'saved' }`);

export function keySetKey(source: string): string {
  return commonKey(`issuer-keys:${source}`);
}

/** The keys of identity providers, in a hash for each source. */
export function redisIssuerKeys(server: RedisServer): KeySetStore {
  return {
    async load(source) {
      const reply = await server.run(load, [keySetKey(source)]);
      const fetchedAt = numberAt(reply, 2);
      return fetchedAt === undefined ? undefined : { keys: textAt(reply, 1), fetchedAt };
    },
    async save(source, { keys, fetchedAt }) {
      await server.run(save, [keySetKey(source)], [keys, fetchedAt]);
    },
  };
}
