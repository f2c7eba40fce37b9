/** Operators' changes: for each account a sorted set by id, whose members are `<id> <JSON>`. */
import type { ActionJournal, AdminAction, HistoryLimits } from '../../history/ports.ts';
import { FREE_ID, idAfter } from './entry-ids.ts';
import { accountKey, commonKey } from './keys.ts';
import { ONCE, writeSurely } from './once.ts';
import type { PendingWrites } from './pending-writes.ts';
import { pruneOldest } from './prune-oldest.ts';
import { membersAt, script } from './script.ts';
import type { RedisServer } from './server.ts';

export const actionsKey = (appId: string) => accountKey(appId, 'actions');
/** All accounts' actions by time, for pruning, as `<id> <appId>`. */
export const ALL_ACTIONS = commonKey('actions');

const add = script(`${ONCE}${FREE_ID}
local id = string.format('%.0f', freeId(KEYS[3], tonumber(args[3])))
redis.call('ZADD', KEYS[3], id, id .. ' ' .. args[4])
redis.call('ZADD', KEYS[2], args[3], id .. ' ' .. args[2])
return { 'added' }`);

const page = script(`
return { 'page', redis.call('ZREVRANGEBYSCORE', KEYS[1], args[1], '-inf', 'LIMIT', 0, args[2]) }`);

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
  };
}

export function readAction(appId: string, member: string): AdminAction & { readonly id: string } {
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
