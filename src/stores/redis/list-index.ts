/** Facts about all saved lists, in a hash by appId, so that thousands are read at once. */
import type { ListIndex, ListIndexEntry } from '../../contacts-list/ports.ts';
import { accountKeys, accountOf, commonKey } from './keys.ts';
import { scanKeys } from './scan.ts';
import { membersAt, script, textAt, type Reply } from './script.ts';
import type { RedisServer } from './server.ts';

const APP_IDS = commonKey('lists');
const FACTS = commonKey('lists:facts');

export const INDEX_KEYS: readonly string[] = [APP_IDS, FACTS];

/** For scripts: `indexList(list, appIds, facts, appId)` takes over what the list's hash says, `unindexList` removes it. */
export const INDEX = `
local function indexList(list, appIds, facts, appId)
  local found = redis.call('HMGET', list, 'savedAt', 'bytes', 'source')
  if not found[2] then return end
  local text = found[1] .. ' ' .. found[2] .. ' ' .. found[3]
  if redis.call('HGET', facts, appId) == text then return end
  redis.call('ZADD', appIds, 0, appId)
  redis.call('HSET', facts, appId, text)
end
local function unindexList(appIds, facts, appId)
  redis.call('ZREM', appIds, appId)
  redis.call('HDEL', facts, appId)
end`;

const page = script(`
local appIds = redis.call('ZRANGEBYLEX', KEYS[1], args[1], '+', 'LIMIT', 0, args[2])
local facts = {}
for i, appId in ipairs(appIds) do facts[i] = redis.call('HGET', KEYS[2], appId) end
return { 'page', appIds, facts }`);

export function redisListIndex(server: RedisServer): ListIndex {
  return {
    async index(after, limit) {
      const from = after === undefined ? '-' : `(${after}`;
      const reply = await server.run(page, INDEX_KEYS, [from, limit]);
      return membersAt(reply, 1).map((appId, i) => entryIn(reply, String(appId), i));
    },
  };
}

function entryIn(reply: Reply, appId: string, i: number): ListIndexEntry {
  const [savedAt, bytes, source] = textAt(membersAt(reply, 2), i).split(' ');
  return {
    appId,
    savedAt: Number(savedAt),
    bytes: Number(bytes),
    source: source as ListIndexEntry['source'],
  };
}

const indexSome = script(`${INDEX}
for i, appId in ipairs(args) do indexList(KEYS[i + 2], KEYS[1], KEYS[2], appId) end
return { 'indexed' }`);

/**
 * Indexes the lists that an older gateway has saved, which knows no index. It may still run beside this one while gateways
 * are replaced one after the other, but not beside the last one. So each gateway does this once, when it starts.
 *
 * Rejects if Redis goes away meanwhile.
 */
export async function indexOlderLists(server: Pick<RedisServer, 'run'>): Promise<void> {
  for await (const keys of scanKeys(server, accountKeys('list'))) {
    const appIds = keys.map((key) => accountOf(key, 'list'));
    await server.run(indexSome, [...INDEX_KEYS, ...keys], appIds);
  }
}
