import type { HistoryLimits } from '../../history/ports.ts';
import { membersAt, script, type Script } from './script.ts';
import type { RedisServer } from './server.ts';

/** So few that no other command has to wait for long. */
export const PRUNED_AT_ONCE = 200;

const oldest = script(`
local old = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. args[1])
local over = redis.call('ZCARD', KEYS[1]) - args[2]
local count = math.min(math.max(old, over), tonumber(args[3]))
return { 'oldest', count > 0 and redis.call('ZRANGE', KEYS[1], 0, count - 1) or {} }`);

interface Pruned {
  /** A sorted set of all accounts' entries by time, as `<name> <appId>`. */
  readonly all: string;
  /** Drops the entries that are its arguments. Its keys are `all`, and then those of each entry. */
  readonly drop: Script;
  keysOf(appId: string): readonly string[];
}

/** Drops a batch of the entries that are too old or too many. Resolves to how many it had. */
export async function pruneOldest(
  server: RedisServer,
  { all, drop, keysOf }: Pruned,
  { before, maxRows }: HistoryLimits,
): Promise<number> {
  const reply = await server.run(oldest, [all], [before, maxRows, PRUNED_AT_ONCE]);
  const members = membersAt(reply, 1).map(String);
  if (members.length === 0) return 0;
  const keys = members.flatMap((member) => keysOf(member.slice(member.indexOf(' ') + 1)));
  await server.run(drop, [all, ...keys], members);
  return members.length;
}
