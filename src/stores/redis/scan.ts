import { membersAt, script, textAt } from './script.ts';
import type { RedisServer } from './server.ts';

const scan = script(`
return { 'found', unpack(redis.call('SCAN', args[1], 'MATCH', args[2], 'COUNT', 500)) }`);

/** All keys that match a pattern, in batches. One that is there all the time comes at least once, and may come twice. */
export async function* scanKeys(
  server: Pick<RedisServer, 'run'>,
  pattern: string,
): AsyncGenerator<string[]> {
  let cursor = '0';
  do {
    const reply = await server.run(scan, [], [cursor, pattern]);
    cursor = textAt(reply, 1);
    const keys = membersAt(reply, 2).map(String);
    if (keys.length > 0) yield keys;
  } while (cursor !== '0');
}
