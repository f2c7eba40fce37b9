/** Every addContacts that was decided. */
import { randomBytes } from 'node:crypto';
import type {
  AttemptJournal,
  CountedRefusal,
  HistoryLimits,
  NewAttemptEntry,
} from '../../history/ports.ts';
import { ACTIVITY_KEYS, NOTE_ACTIVITY } from './activity.ts';
import { mayBeDone } from './connection.ts';
import { FREE_ID, idAfter } from './entry-ids.ts';
import { factsOf, outcomeText, PENDING, readEntry, refusalName } from './journal-entry.ts';
import { accountKey, commonKey } from './keys.ts';
import { inParts, ONCE, writeBatch } from './once.ts';
import type { PendingWrites } from './pending-writes.ts';
import { pruneOldest } from './prune-oldest.ts';
import { membersAt, script, textAt, type Argument } from './script.ts';
import type { RedisServer } from './server.ts';

/** The texts of an account's entries by name. */
export const textsKey = (appId: string) => accountKey(appId, 'journal');
/** Their names by id. */
export const idsKey = (appId: string) => accountKey(appId, 'journal-ids');
/** All accounts' entries by time, for pruning, as `<name> <appId>`. Refusals are apart. */
export const SENT = commonKey('journal:sent');
export const REFUSED = commonKey('journal:refused');

/** For scripts that write a pending entry: `begin(keys, entry)` with the keys and arguments of these. It returns the id. */
export const BEGIN = `${FREE_ID}${NOTE_ACTIVITY}
local function begin(keys, entry)
  local name, appId, facts, deadlineMs = unpack(entry)
  local id = freeId(keys[2], now)
  local outcome = '${PENDING}' .. string.format('%.0f', now + deadlineMs) .. '}'
  redis.call('HSET', keys[1], name, string.format('%.0f 1 ', now) .. outcome .. '\\n' .. facts)
  redis.call('ZADD', keys[2], id, name)
  redis.call('ZADD', keys[3], now, name .. ' ' .. appId)
  noteAttempt({ unpack(keys, 4) }, appId, now)
  return string.format('%.0f', id)
end`;

export function beginKeys(appId: string): string[] {
  return [textsKey(appId), idsKey(appId), SENT, ...ACTIVITY_KEYS];
}

export function beginArgs(name: string, entry: NewAttemptEntry): Argument[] {
  return [name, entry.appId, factsOf(entry), entry.deadlineMs];
}

/** The name of an entry to come. It is known even if the answer of Redis, with the id, is lost. */
export function newEntryName(): string {
  return randomBytes(9).toString('base64url');
}

/** For scripts that complete an entry; one that is not pending stays as it is. */
export const COMPLETE = `
local function complete(texts, name, outcome)
  local text = name and redis.call('HGET', texts, name) or ''
  local head, facts = string.match(text, '^(%S+ %S+) ${PENDING}[^\\n]*\\n(.*)$')
  if head then redis.call('HSET', texts, name, head .. ' ' .. outcome .. '\\n' .. facts) end
end`;

export function completeKeys(appId: string): string[] {
  return [textsKey(appId)];
}

export const RETURNED = outcomeText({ kind: 'returned' });

const begin = script(`${BEGIN}
return { 'begun', begin(KEYS, args) }`);

const completeById = script(`${COMPLETE}
complete(KEYS[1], redis.call('ZRANGEBYSCORE', KEYS[2], args[1], args[1])[1], args[2])
return { 'done' }`);

const completeByName = script(`${COMPLETE}
complete(KEYS[1], args[1], args[2])
return { 'done' }`);

/** Six arguments for each refusal, and two keys. */
const addRefusals = script(`${ONCE}${FREE_ID}${NOTE_ACTIVITY}
local activity = { unpack(KEYS, 3, 7) }
for i = 0, (#args - 1) / 6 - 1 do
  local texts, ids = KEYS[8 + 2 * i], KEYS[9 + 2 * i]
  local name, appId, at, count, outcome, facts = unpack(args, 2 + 6 * i, 7 + 6 * i)
  at = tonumber(at)
  local first, soFar, rest = string.match(redis.call('HGET', texts, name) or '', '^(%S+) (%S+) (.*)$')
  if first then
    redis.call('HSET', texts, name, first .. string.format(' %.0f ', soFar + count) .. rest)
  else
    redis.call('HSET', texts, name, string.format('%.0f %.0f ', at, count) .. outcome .. '\\n' .. facts)
    redis.call('ZADD', ids, freeId(ids, at), name)
    redis.call('ZADD', KEYS[2], at, name .. ' ' .. appId)
  end
  noteAttempt(activity, appId, at)
  noteRefusals(activity, appId, at, count)
end
return { 'added' }`);

const page = script(`
local found = redis.call('ZREVRANGEBYSCORE', KEYS[2], args[1], '-inf', 'WITHSCORES', 'LIMIT', 0, args[2])
for i = 1, #found, 2 do found[i] = redis.call('HGET', KEYS[1], found[i]) end
return { 'page', found }`);

const drop = script(`
for i, member in ipairs(args) do
  local name = string.match(member, '^%S+')
  redis.call('HDEL', KEYS[2 * i], name)
  redis.call('ZREM', KEYS[2 * i + 1], name)
  redis.call('ZREM', KEYS[1], member)
end
return { 'dropped' }`);

/** An outcome must not be lost with a connection, or the attempt would count as unknown. */
export function redisJournal(server: RedisServer, pending: PendingWrites): AttemptJournal {
  async function settle(name: string, write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      pending.add(name, async () => void (await write()));
      throw error;
    }
  }

  return {
    async begin(entry) {
      const name = newEntryName();
      const { appId } = entry;
      const args = beginArgs(name, entry);
      const reply = await server.run(begin, beginKeys(appId), args).catch((error: unknown) => {
        // The answer may be lost and the entry written all the same. Nothing will be sent for it.
        if (mayBeDone(error)) {
          pending.add(name, async () => {
            await server.run(completeByName, completeKeys(appId), [name, RETURNED]);
          });
        }
        throw error;
      });
      return textAt(reply, 1);
    },
    async complete(appId, id, outcome) {
      if (idAfter(id) === undefined) return;
      const args = [id, outcomeText(outcome)];
      await settle(`entry ${appId} ${id}`, () =>
        server.run(completeById, [textsKey(appId), idsKey(appId)], args),
      );
    },
    async addRefusals(refusals) {
      await writeBatch(server, pending, addRefusals, inParts(refusals).map(refusalsPart));
    },
    async attempts(appId, { after, limit }) {
      const from = idAfter(after);
      if (from === undefined) return [];
      const reply = await server.run(page, [textsKey(appId), idsKey(appId)], [from, limit]);
      const found = membersAt(reply, 1);
      return found.flatMap((text, i) =>
        i % 2 === 0 && text !== null ? [readEntry(appId, textAt(found, i + 1), String(text))] : [],
      );
    },
  };
}

function refusalsPart(refusals: readonly CountedRefusal[]) {
  return {
    keys: [
      ...[REFUSED, ...ACTIVITY_KEYS],
      ...refusals.flatMap(({ appId }) => [textsKey(appId), idsKey(appId)]),
    ],
    args: refusals.flatMap((refusal) => {
      const { appId, at, count, code, rule } = refusal;
      const outcome = outcomeText({ kind: 'refused', code, rule });
      return [refusalName(refusal), appId, at, count, outcome, factsOf(refusal)];
    }),
  };
}

/** Drops a batch of entries that were sent, and one of refusals. Resolves to how many entries they had. */
export async function pruneJournal(server: RedisServer, limits: HistoryLimits): Promise<number> {
  let dropped = 0;
  for (const all of [SENT, REFUSED]) {
    const keysOf = (appId: string) => [textsKey(appId), idsKey(appId)];
    dropped += await pruneOldest(server, { all, drop, keysOf }, limits);
  }
  return dropped;
}
