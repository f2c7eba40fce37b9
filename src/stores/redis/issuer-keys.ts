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

/** The keys of identity providers, in a hash for each source. */
export function redisIssuerKeys(server: RedisServer): KeySetStore {
  const keyOf = (source: string) => commonKey(`issuer-keys:${source}`);
  return {
    async load(source) {
      const reply = await server.run(load, [keyOf(source)]);
      const fetchedAt = numberAt(reply, 2);
      return fetchedAt === undefined ? undefined : { keys: textAt(reply, 1), fetchedAt };
    },
    async save(source, { keys, fetchedAt }) {
      await server.run(save, [keyOf(source)], [keys, fetchedAt]);
    },
  };
}
