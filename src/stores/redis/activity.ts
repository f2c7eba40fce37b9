/** The last of what happened to each account, in hashes by appId, so that thousands are read at once. */
import type { AccountActivity, ActivityIndex, ListFetch } from '../../history/ports.ts';
import { commonKey } from './keys.ts';
import { membersAt, numberAt, script, textAt, type Reply } from './script.ts';
import type { RedisServer } from './server.ts';

/** For the functions of `NOTE_ACTIVITY`, which a script calls with these. */
export const ACTIVITY_KEYS: readonly string[] = [
  // All accounts with the score 0, so that they are in the order of appId.
  commonKey('activity'),
  // When something last happened to each, for pruning.
  commonKey('activity:times'),
  commonKey('activity:attempts'),
  commonKey('activity:refusals'),
  commonKey('activity:fetches'),
];

/**
 * Several gateways write in any order, so an earlier instant replaces a later one only if that one is in the future: then the
 * clock was set back since. Gateways know the time of Redis to a few milliseconds.
 */
export const NOTE_ACTIVITY = `
local soon = now + 60000
local function isOutdated(before, at, latest) return not before or before <= at or before > latest end
local function note(keys, appId, at, what, text)
  redis.call('ZADD', keys[1], 0, appId)
  redis.call('ZADD', keys[2], at, appId)
  local before = string.match(redis.call('HGET', keys[what], appId) or '', '^%S+')
  if isOutdated(tonumber(before), at, soon) then redis.call('HSET', keys[what], appId, text) end
end
local function noteAttempt(keys, appId, at)
  note(keys, appId, at, 3, string.format('%.0f', at))
end
local function noteFetch(keys, appId, at, text) note(keys, appId, at, 5, text) end
local function noteRefusals(keys, appId, at, count)
  local dayMs = ${24 * 3_600_000}
  local day = math.floor(at / dayMs)
  local before, soFar = string.match(redis.call('HGET', keys[4], appId) or '', '^(%S+) (%S+)$')
  if tonumber(before) == day then count = count + soFar end
  if isOutdated(tonumber(before), day, math.floor(soon / dayMs)) then
    redis.call('HSET', keys[4], appId, string.format('%.0f %.0f', day, count))
  end
end`;

/** Members with equal scores are in the order of their bytes. An appId is ASCII, so that is the order of its code units. */
const page = script(`
local appIds = redis.call('ZRANGEBYLEX', KEYS[1], args[1], '+', 'LIMIT', 0, args[2])
local reply = { 'page', appIds, {}, {}, {} }
for i, appId in ipairs(appIds) do
  for what = 3, 5 do reply[what][i] = redis.call('HGET', KEYS[what], appId) end
end
return reply`);

const stale = script(`
return { 'stale', redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. args[1], 'LIMIT', 0, args[2]) }`);

/** Something may have happened to an account since it was found to be stale. */
const drop = script(`
local before = tonumber(args[1])
for i = 2, #args do
  local at = tonumber(redis.call('ZSCORE', KEYS[2], args[i]))
  if at and at < before then
    redis.call('ZREM', KEYS[1], args[i])
    redis.call('ZREM', KEYS[2], args[i])
    for what = 3, 5 do redis.call('HDEL', KEYS[what], args[i]) end
    redis.call('DEL', KEYS[i + 4])
  end
end
return { 'dropped' }`);

export function redisActivity(server: RedisServer): ActivityIndex {
  return {
    async activity(after, limit) {
      const from = after === undefined ? '-' : `(${after}`;
      const reply = await server.run(page, ACTIVITY_KEYS, [from, limit]);
      return membersAt(reply, 1).map((appId, i) => activityIn(reply, String(appId), i));
    },
  };
}

/**
 * Forgets a batch of the accounts to which nothing has happened since `before`, milliseconds since the epoch, and a further
 * key of each.
 */
export async function pruneActivity(
  server: RedisServer,
  before: number,
  { atOnce, keyOf }: { readonly atOnce: number; keyOf(appId: string): string },
): Promise<void> {
  const [, times = ''] = ACTIVITY_KEYS;
  const appIds = membersAt(await server.run(stale, [times], [before, atOnce]), 1).map(String);
  if (appIds.length === 0) return;
  await server.run(drop, [...ACTIVITY_KEYS, ...appIds.map(keyOf)], [before, ...appIds]);
}

function activityIn(reply: Reply, appId: string, i: number): AccountActivity {
  const [day, count] = wordsAt(membersAt(reply, 3), i);
  const [at, durationMs, outcome] = wordsAt(membersAt(reply, 4), i);
  return {
    appId,
    lastAttemptAt: numberAt(membersAt(reply, 2), i),
    refused: count === undefined ? undefined : { day: Number(day), count: Number(count) },
    lastFetch:
      outcome === undefined
        ? undefined
        : {
            at: Number(at),
            durationMs: Number(durationMs),
            outcome: outcome as ListFetch['outcome'],
          },
  };
}

function wordsAt(reply: Reply, index: number): string[] {
  const text = textAt(reply, index);
  return text === '' ? [] : text.split(' ');
}
