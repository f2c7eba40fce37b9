import type { AccountRecord, AccountRegister } from '../../add-contacts/ports.ts';
import { accountKey, commonKey } from './keys.ts';
import { membersAt, numberAt, script, type Reply } from './script.ts';
import type { RedisServer } from './server.ts';

const find = script(`
local found = {}
for i, key in ipairs(KEYS) do found[i] = redis.call('HMGET', key, 'declared', 'seen') end
return { 'found', found }`);

// If the clock is running already, nothing is written.
const seen = script(`
if redis.call('HSETNX', KEYS[1], 'seen', args[2]) == 1 then redis.call('ZADD', KEYS[2], 0, args[1]) end
return { 'done' }`);

const declare = script(`
redis.call('HSET', KEYS[1], 'declared', args[2])
redis.call('ZADD', KEYS[2], 0, args[1])
return { 'done' }`);

const removeDeclaration = script(`
local was = redis.call('HDEL', KEYS[1], 'declared')
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[2], args[1]) end
return { 'done', was }`);

// Members with equal scores are in the order of their bytes. An appId is ASCII, so that is the order of its code units.
const page = script(`
return { 'page', redis.call('ZRANGEBYLEX', KEYS[1], args[1], '+', 'LIMIT', 0, args[2]) }`);

/** Accounts' clocks in a hash for each account, and their appIds in one sorted set. */
export function redisAccounts(server: RedisServer): AccountRegister {
  const all = commonKey('accounts');
  const keyOf = (appId: string) => accountKey(appId, 'account');

  /** Those of the accounts that have a clock. */
  async function findAll(appIds: readonly string[]): Promise<AccountRecord[]> {
    if (appIds.length === 0) return [];
    const found = membersAt(await server.run(find, appIds.map(keyOf)), 1);
    return appIds.flatMap((appId, i) => {
      const clocks = membersAt(found, i);
      const [declared, first] = [numberAt(clocks, 0), numberAt(clocks, 1)];
      if (declared === undefined && first === undefined) return [];
      return [{ appId, declaredOnlineSince: declared, firstSeenAt: first }];
    });
  }

  return {
    find: async (appId) => (await findAll([appId]))[0],
    async seen(appId, at) {
      await server.run(seen, [keyOf(appId), all], [appId, at]);
    },
    async declare(appId, onlineSince) {
      await server.run(declare, [keyOf(appId), all], [appId, onlineSince]);
    },
    async removeDeclaration(appId) {
      const reply: Reply = await server.run(removeDeclaration, [keyOf(appId), all], [appId]);
      return numberAt(reply, 1) === 1;
    },
    async list(after, limit) {
      const from = after === undefined ? '-' : `(${after}`;
      const appIds = membersAt(await server.run(page, [all], [from, limit]), 1).map(String);
      return findAll(appIds);
    },
  };
}
