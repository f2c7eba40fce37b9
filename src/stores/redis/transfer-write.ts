import type { AttemptEntry } from '../../history/ports.ts';
import { LEDGER_RETENTION_MS } from '../../add-contacts/ports.ts';
import { isRefusal, type AnswerRecord, type Records, type Section } from '../transfer.ts';
import { redisAccounts } from './accounts.ts';
import { redisActions } from './actions.ts';
import { ACTIVITY_KEYS } from './activity.ts';
import { redisClientCounts } from './client-counts.ts';
import { FREE_ID } from './entry-ids.ts';
import { redisFetches } from './fetches.ts';
import { answerKey } from './idempotency.ts';
import { redisIssuerKeys } from './issuer-keys.ts';
import { idsKey, newEntryName, REFUSED, SENT, textsKey } from './journal.ts';
import { entryText, refusalName } from './journal-entry.ts';
import { accountKey } from './keys.ts';
import { CHARGES, chargeOf } from './ledger.ts';
import { newMark, storedLists } from './lists.ts';
import { inParts } from './once.ts';
import { NEVER_PENDING } from './pending-writes.ts';
import { script } from './script.ts';
import type { RedisServer } from './server.ts';
import { redisSessions, SIGNING_KEYS } from './sessions.ts';

type Write<T> = (records: readonly T[]) => Promise<number>;

/** How each section is written. Each resolves to how many records it could keep. */
export function writersOf(server: RedisServer): {
  readonly [S in Section]: Write<Records[S]>;
} {
  const counts = redisClientCounts(server, NEVER_PENDING);
  const fetches = redisFetches(server, NEVER_PENDING);
  const actions = redisActions(server, NEVER_PENDING);
  const lists = storedLists(server, { channel: server.channel, on: () => undefined });
  const sessions = redisSessions(server);
  const issuerKeys = redisIssuerKeys(server);
  return {
    clocks: writeClocks(server),
    charges: writeCharges(server),
    answers: writeAnswers(server),
    sessionKeys: each(async (key) => {
      await server.run(addSigningKey, [SIGNING_KEYS], [key.id, JSON.stringify(key)]);
    }),
    sessionEnds: each(({ client, subject, endedUntil }) =>
      sessions.end(client, subject === '' ? undefined : subject, endedUntil),
    ),
    issuerKeys: each(({ source, ...keySet }) => issuerKeys.save(source, keySet)),
    lists: each(async ({ appId, ...list }) => {
      await lists.save(appId, { mark: newMark(), list }, 'new');
    }),
    attempts: writeAttempts(server),
    actions: inOrder((action) => actions.addAction(action)),
    fetches: all((some) => fetches.addFetches(some)),
    activity: writeActivity(server),
    counts: all((some) => counts.addCounts(some)),
  };
}

function all<T>(write: (records: readonly T[]) => Promise<void>): Write<T> {
  return async (records) => {
    await write(records);
    return records.length;
  };
}

const each = <T>(write: (record: T) => Promise<void>) =>
  all<T>(async (records) => void (await Promise.all(records.map(write))));

const inOrder = <T>(write: (record: T) => Promise<void>) =>
  all<T>(async (records) => {
    for (const record of records) await write(record);
  });

const addSigningKey = script(`
redis.call('HSET', KEYS[1], args[1], args[2])
return { 'added' }`);

function writeClocks(server: RedisServer): Write<Records['clocks']> {
  const accounts = redisAccounts(server);
  return each(async ({ appId, declaredOnlineSince, firstSeenAt }) => {
    if (firstSeenAt !== undefined) await accounts.seen(appId, firstSeenAt);
    if (declaredOnlineSince !== undefined) await accounts.declare(appId, declaredOnlineSince);
  });
}

const addCharge = script(`
redis.call('ZADD', KEYS[1], args[1], args[2])
redis.call('PEXPIRE', KEYS[1], args[3])
return { 'added' }`);

function writeCharges(server: RedisServer): Write<Records['charges']> {
  return each(async ({ appId, kind, target, at }) => {
    const charge = chargeOf(newEntryName(), kind, target);
    const args = [at, charge, LEDGER_RETENTION_MS];
    await server.run(addCharge, [accountKey(appId, CHARGES)], args);
  });
}

/** Nobody holds it, so one without an answer is lost. */
const addAnswer = script(`
local leftMs = args[2] - now
if leftMs <= 0 then return { 'expired' } end
redis.call('HSET', KEYS[1], 'owner', 'copy', 'fingerprint', args[1], 'leaseUntil', 0, 'expiresAt', args[2])
if args[3] then redis.call('HSET', KEYS[1], 'answer', args[3]) end
redis.call('PEXPIRE', KEYS[1], leftMs)
return { 'added' }`);

/** Its key has the account in it. */
function writeAnswers(server: RedisServer): Write<AnswerRecord> {
  const writeAll = each<AnswerRecord & { readonly appId: string }>(
    async ({ appId, id, fingerprint, expiresAt, answer }) => {
      const args = [fingerprint, expiresAt, ...(answer === undefined ? [] : [answer])];
      await server.run(addAnswer, [answerKey({ appId, id })], args);
    },
  );
  return (records) =>
    writeAll(
      records.flatMap((one) => (one.appId === undefined ? [] : { ...one, appId: one.appId })),
    );
}

/** Four arguments for each entry, and three keys. Ids are in the order given, even if the instants are not. */
const addEntries = script(`${FREE_ID}
for i = 0, #args / 4 - 1 do
  local texts, ids, all = unpack(KEYS, 1 + 3 * i, 3 + 3 * i)
  local name, appId, at, text = unpack(args, 1 + 4 * i, 4 + 4 * i)
  if redis.call('HSETNX', texts, name, text) == 1 then
    local last = redis.call('ZREVRANGE', ids, 0, 0, 'WITHSCORES')[2] or -1
    redis.call('ZADD', ids, math.max(freeId(ids, tonumber(at)), last + 1), name)
    redis.call('ZADD', all, at, name .. ' ' .. appId)
  end
end
return { 'added' }`);

function writeAttempts(server: RedisServer): Write<AttemptEntry> {
  const names = new Set<string>();

  /** The name by which a gateway finds it to count on; a second entry of the same minute has another. */
  function nameOfNew(entry: AttemptEntry): string {
    if (!isRefusal(entry)) return newEntryName();
    const name = refusalName({ ...entry, ...entry.outcome });
    const key = `${name} ${entry.appId}`;
    if (names.has(key)) return newEntryName();
    names.add(key);
    return name;
  }

  return inOrderOfParts(async (entries) => {
    const keys = entries.flatMap((entry) => {
      const { appId } = entry;
      return [textsKey(appId), idsKey(appId), isRefusal(entry) ? REFUSED : SENT];
    });
    const args = entries.flatMap((entry) => [
      ...[nameOfNew(entry), entry.appId, entry.at],
      entryText(entry),
    ]);
    await server.run(addEntries, keys, args);
  });
}

const inOrderOfParts = <T>(write: (records: readonly T[]) => Promise<void>) =>
  all<T>(async (records) => {
    for (const part of inParts(records)) await write(part);
  });

/** Five arguments for each account. */
const setActivity = script(`
for i = 0, #args / 5 - 1 do
  local appId, at = args[1 + 5 * i], args[2 + 5 * i]
  redis.call('ZADD', KEYS[1], 0, appId)
  redis.call('ZADD', KEYS[2], at, appId)
  for what = 3, 5 do
    local text = args[what + 5 * i]
    if text == '' then redis.call('HDEL', KEYS[what], appId) else redis.call('HSET', KEYS[what], appId, text) end
  end
end
return { 'set' }`);

function writeActivity(server: RedisServer): Write<Records['activity']> {
  return inOrderOfParts(async (accounts) => {
    const args = accounts.flatMap(({ appId, lastAttemptAt, refused, lastFetch }) => [
      ...[appId, Math.max(lastAttemptAt ?? 0, lastFetch?.at ?? 0), lastAttemptAt ?? ''],
      refused === undefined ? '' : `${refused.day} ${refused.count}`,
      lastFetch === undefined ? '' : `${lastFetch.at} ${lastFetch.durationMs} ${lastFetch.outcome}`,
    ]);
    await server.run(setActivity, ACTIVITY_KEYS, args);
  });
}
