/** Batches that must not count twice, although the answer of Redis may be lost. */
import { randomBytes } from 'node:crypto';
import { mayBeDone } from './connection.ts';
import { commonKey } from './keys.ts';
import type { PendingWrites } from './pending-writes.ts';
import type { Argument, Script } from './script.ts';
import type { RedisServer } from './server.ts';

/** How long Redis knows which batches it has. After a longer outage, one whose answer was lost counts twice. */
const KNOWN_MS = 10 * 60_000;

/** Begins a script that is sent by the functions below. */
export const ONCE = `
if not redis.call('SET', KEYS[1], '1', 'NX', 'PX', args[1]) then return { 'done' } end`;

/** Without the key and the argument of `ONCE`, which come first. */
export interface Part {
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
}

/** Counts once, however often it is made. */
interface RepeatableWrite {
  readonly name: string;
  make(): Promise<void>;
}

function repeatable(
  server: Pick<RedisServer, 'run'>,
  script: Script,
  { keys, args }: Part,
): RepeatableWrite {
  const name = commonKey(`once:${randomBytes(9).toString('base64url')}`);
  return {
    name,
    async make() {
      await server.run(script, [name, ...keys], [KNOWN_MS, ...args]);
    },
  };
}

/** Writes at once or, if that fails, as soon as Redis takes it; then it rejects all the same. */
export async function writeSurely(
  server: Pick<RedisServer, 'run'>,
  pending: PendingWrites,
  script: Script,
  part: Part,
): Promise<void> {
  const { name, make } = repeatable(server, script, part);
  try {
    await make();
  } catch (error) {
    pending.add(name, make);
    throw error;
  }
}

/**
 * Writes the parts of a batch, each in one script. Rejects if nothing was written: the caller tries again. Otherwise what is
 * left is written as soon as Redis takes it.
 */
export async function writeBatch(
  server: Pick<RedisServer, 'run'>,
  pending: PendingWrites,
  script: Script,
  parts: readonly Part[],
): Promise<void> {
  const writes = parts.map((part) => repeatable(server, script, part));
  for (const [i, { make }] of writes.entries()) {
    try {
      await make();
    } catch (error) {
      if (i === 0 && !mayBeDone(error)) throw error;
      for (const left of writes.slice(i)) pending.add(left.name, left.make);
      return;
    }
  }
}

/** `items` in parts of at most `size`, so that no script takes long. */
export function inParts<T>(items: readonly T[], size = 200): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
