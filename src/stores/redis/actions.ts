/** Operators' changes: for each account a sorted set by id, whose members are `<id> <JSON>`. */
import type { ActionJournal, AdminAction, HistoryLimits, KeptAction } from '../../history/ports.ts';
import { FREE_ID, idAfter } from './entry-ids.ts';
import { accountKey, commonKey } from './keys.ts';
import { ONCE, writeSurely } from './once.ts';
import type { PendingWrites } from './pending-writes.ts';
import { pruneOldest } from './prune-oldest.ts';
import { membersAt, script, textAt } from './script.ts';
import type { RedisServer } from './server.ts';

const actionsKey = (appId: string) => accountKey(appId, 'actions');
/** All accounts' actions by time, as `<id> <appId>`. */
export const ALL_ACTIONS = commonKey('actions');

const add = script(`${ONCE}${FREE_ID}
local id = string.format('%.0f', freeId(KEYS[3], tonumber(args[3])))
redis.call('ZADD', KEYS[3], id, id .. ' ' .. args[4])
redis.call('ZADD', KEYS[2], args[3], id .. ' ' .. args[2])
return { 'added' }`);

const page = script(`
return { 'page', redis.call('ZREVRANGEBYSCORE', KEYS[1], args[1], '-inf', 'LIMIT', 0, args[2]) }`);

const pageOfAll = script(`
local first = 0
if args[1] ~= '' then
  local rank = redis.call('ZREVRANK', KEYS[1], args[1])
  if not rank then return { 'page', {} } end
  first = rank + 1
end
return { 'page', redis.call('ZREVRANGE', KEYS[1], first, first + args[2] - 1) }`);

const actionsAt = script(`
local found = {}
for i, id in ipairs(args) do found[i] = redis.call('ZRANGEBYSCORE', KEYS[i], id, id)[1] or false end
return { 'found', found }`);

const drop = script(`
for i, member in ipairs(args) do
  local id = string.match(member, '^%S+')
  redis.call('ZREMRANGEBYSCORE', KEYS[i + 1], id, id)
  redis.call('ZREM', KEYS[1], member)
end
return { 'dropped' }`);

export function redisActions(server: RedisServer, pending: PendingWrites): ActionJournal {
  return {
    async addAction({ appId, ...action }) {
      const args = [appId, action.at, JSON.stringify(action)];
      await writeSurely(server, pending, add, { keys: [ALL_ACTIONS, actionsKey(appId)], args });
    },
    async actions(appId, { after, limit }) {
      const from = idAfter(after);
      if (from === undefined) return [];
      const reply = await server.run(page, [actionsKey(appId)], [from, limit]);
      return membersAt(reply, 1).map((member) => readAction(appId, String(member)));
    },
    async allActions({ after, limit }) {
      const last = after === undefined ? '' : `${after.id} ${after.appId}`;
      const reply = await server.run(pageOfAll, [ALL_ACTIONS], [last, limit]);
      const places = membersAt(reply, 1).map((member) => {
        const [id = '', appId = ''] = String(member).split(' ');
        return { id, appId };
      });
      return readActions(server, places);
    },
  };
}

/** The actions with these ids, in this order, without those that were dropped meanwhile. */
export async function readActions(
  server: RedisServer,
  places: readonly Pick<KeptAction, 'id' | 'appId'>[],
): Promise<KeptAction[]> {
  const keys = places.map(({ appId }) => actionsKey(appId));
  const ids = places.map(({ id }) => id);
  const found = membersAt(await server.run(actionsAt, keys, ids), 1);
  return places.flatMap(({ appId }, i) => {
    const member = textAt(found, i);
    return member === '' ? [] : [readAction(appId, member)];
  });
}

function readAction(appId: string, member: string): KeptAction {
  const space = member.indexOf(' ');
  const action = JSON.parse(member.slice(space + 1)) as Omit<AdminAction, 'appId'>;
  const { at, who, what, before, after, requestId } = action;
  return { id: member.slice(0, space), appId, at, who, what, before, after, requestId };
}

/** Drops a batch. Resolves to how many actions it had. */
export function pruneActions(server: RedisServer, limits: HistoryLimits): Promise<number> {
  return pruneOldest(
    server,
    { all: ALL_ACTIONS, drop, keysOf: (appId) => [actionsKey(appId)] },
    limits,
  );
}
