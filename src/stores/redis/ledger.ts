import { LEDGER_RETENTION_MS } from '../../add-contacts/ports.ts';
import type { Ledger } from '../../add-contacts/ports.ts';
import { historyNeeded, judgeCharge, usageOf } from '../../add-contacts/rules.ts';
import type { Attempt, AttemptKind, QuotaRule } from '../../add-contacts/rules.ts';
import { mayBeDone } from './connection.ts';
import {
  BEGIN,
  beginArgs,
  beginKeys,
  COMPLETE,
  completeKeys,
  newEntryName,
  RETURNED,
} from './journal.ts';
import { accountKey } from './keys.ts';
import type { PendingWrites } from './pending-writes.ts';
import { membersAt, numberAt, script, textAt, type Reply } from './script.ts';
import type { RedisServer } from './server.ts';

/**
 * Decides, charges and begins the entry in the journal as one step. It counts as `judgeCharge` does, and returns the charges
 * that it counted: the gateway works out the usage from them.
 */
const charge = script(`${BEGIN}
local history = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. (now - args[4]), '+inf', 'WITHSCORES')
local function counted(rule)
  local count = 0
  for i = 1, #history, 2 do
    local kind, target = string.match(history[i], '^(%S+) %S+ (.*)$')
    local counts = kind == args[2] and (rule.per == 'account' or target == args[3])
    if counts and tonumber(history[i + 1]) > now - rule.windowMs then count = count + 1 end
  end
  return count
end
local verdict, entryId = 'charged', ''
for _, rule in ipairs(cjson.decode(args[5])) do
  local limit = 0
  for _, step in ipairs(rule.limits) do
    if step.from <= now then limit = step.limit end
  end
  if counted(rule) >= limit then verdict = 'refused' end
end
if verdict == 'charged' then
  redis.call('ZADD', KEYS[1], now, args[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - args[6])
  redis.call('PEXPIRE', KEYS[1], args[6])
  entryId = begin({ unpack(KEYS, 2) }, { unpack(args, 7) })
end
return { verdict, string.format('%.0f', now), history, entryId }`);

const look = script(`
local history = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. (now - args[1]), '+inf', 'WITHSCORES')
return { 'looked', string.format('%.0f', now), history }`);

/** Takes the charge back and completes its entry, as one step. */
const refund = script(`${COMPLETE}
redis.call('ZREM', KEYS[1], args[1])
complete(KEYS[2], args[2], args[3])
return { 'done' }`);

/** A sorted set of an account's charges by time. */
export const CHARGES = 'attempts';
const chargesKey = (appId: string) => accountKey(appId, CHARGES);

/** The id of a charge. It is also what the sorted set has. */
export function chargeOf(entryName: string, kind: AttemptKind, target: string): string {
  return `${kind} ${entryName} ${target}`;
}

/** JSON has no infinity, and every instant is within these bounds. */
const FOREVER = 1e15;

/** Charges in a sorted set for each account, by the server's time. The name of a charge's entry is part of its id. */
export function redisLedger(server: RedisServer, pending: PendingWrites): Ledger {
  async function takeBack(appId: string, attemptId: string): Promise<void> {
    const [, entryName = ''] = attemptId.split(' ');
    const args = [attemptId, entryName, RETURNED];
    await server.run(refund, [chargesKey(appId), ...completeKeys(appId)], args);
  }

  return {
    async charge(appId, { kind, target }, rules, entry) {
      const entryName = newEntryName();
      const attemptId = chargeOf(entryName, kind, target);
      const ofKind = rules.filter((rule) => rule.kind === kind);
      const windowMs = historyNeeded(rules).sameTargetMs;
      const keys = [chargesKey(appId), ...beginKeys(appId)];
      const charged = [attemptId, kind, target, windowMs, asJson(ofKind), LEDGER_RETENTION_MS];
      const args = [...charged, ...beginArgs(entryName, entry)];
      const reply = await server.run(charge, keys, args).catch((error: unknown) => {
        // The answer may be lost and the attempt charged all the same. Nothing will be sent for that charge.
        if (mayBeDone(error)) pending.add(attemptId, () => takeBack(appId, attemptId));
        throw error;
      });
      const at = numberAt(reply, 1) ?? 0;
      const { verdict, usage } = judgeCharge(rules, historyIn(reply), { kind, target, at });
      if (textAt(reply, 0) === 'charged')
        return { kind: 'charged', attemptId, entryId: textAt(reply, 3), usage };
      if (verdict.kind === 'refused') return { ...verdict, at, usage };
      throw new Error('The ledger script and the rules disagree');
    },
    async refund(appId, { attemptId }) {
      try {
        await takeBack(appId, attemptId);
      } catch (error) {
        pending.add(attemptId, () => takeBack(appId, attemptId));
        throw error;
      }
    },
    async usage(appId, rules, target) {
      const reply = await server.run(
        look,
        [chargesKey(appId)],
        [historyNeeded(rules).sameTargetMs],
      );
      return usageOf(rules, historyIn(reply), target, numberAt(reply, 1) ?? 0);
    },
  };
}

function asJson(rules: readonly QuotaRule[]): string {
  const finite = (instant: number) => Math.max(-FOREVER, Math.min(FOREVER, instant));
  return JSON.stringify(
    rules.map(({ per, windowMs, limits }) => ({
      per,
      windowMs,
      limits: limits.map(({ from, limit }) => ({ from: finite(from), limit })),
    })),
  );
}

/** The attempts in a reply, after its verdict and its time. */
function historyIn(reply: Reply): Attempt[] {
  return chargesIn(membersAt(reply, 2));
}

/** The attempts in a reply with their instants. */
export function chargesIn(members: Reply): Attempt[] {
  const history: Attempt[] = [];
  for (let i = 0; i < members.length; i += 2) {
    const [, kind, target = ''] = /^(\S+) \S+ ([^]*)$/.exec(textAt(members, i)) ?? [];
    history.push({ kind: kind as AttemptKind, target, at: numberAt(members, i + 1) ?? 0 });
  }
  return history;
}
