/** All that Redis keeps for gateways, to be copied from here or to here. */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { StoreCommandError, StoreOpenError } from '../stores.ts';
import type { CopyEngine, CopySource, CopyTarget, ReadableStore } from '../transfer.ts';
import { hasGateways, openForCommand, placeOf } from './gateways.ts';
import { commonKey } from './keys.ts';
import { scanKeys } from './scan.ts';
import { script } from './script.ts';
import { HALF_COPY, type RedisServer } from './server.ts';
import { readersOf } from './transfer-read.ts';
import { writersOf } from './transfer-write.ts';

/** A copy waits so long for a Redis that is away for a moment. */
const PATIENCE_MS = 10_000;
const TRY_AGAIN_AFTER_MS = 200;

const begin = script(`
redis.call('SET', KEYS[1], '1')
return { 'begun' }`);

const finish = script(`
redis.call('DEL', KEYS[1])
return { 'finished' }`);

/** @param place a URL, as `STORE_URL` */
export const openSource: CopyEngine['openSource'] = async (place): Promise<CopySource> => {
  const server = await openUnused(place, 'run');
  return {
    ...readable(server),
    gapUntil: undefined,
    async checkUnused() {
      if (!(await hasGateways(server))) return;
      throw new StoreCommandError(
        `A gateway has begun to use ${placeOf(place)} during the copy, which may not have what it charged`,
        'Stop that gateway, empty the target and copy again',
      );
    },
    close: () => server.close(),
  };
};

/** @param place a URL, as `STORE_URL` */
export const openTarget: CopyEngine['openTarget'] = async (place): Promise<CopyTarget> => {
  const server = await openUnused(place, 'fill');
  try {
    if (!(await isEmpty(server))) {
      throw new StoreOpenError(
        placeOf(place),
        'it is not empty',
        'Use another database of it, or empty this one',
      );
    }
    await server.run(begin, [HALF_COPY]);
  } catch (error) {
    await server.close();
    throw error;
  }
  const writers = writersOf(server);
  return {
    ...readable(server),
    write: (section, records) => writers[section](records),
    async finish() {
      await server.run(finish, [HALF_COPY]);
    },
    close: () => server.close(),
  };
};

function readable(server: RedisServer): ReadableStore {
  const readers = readersOf(server);
  return { now: () => server.clock.now(), read: (section) => readers[section]() };
}

/** Gateways that start later on a target wait until the copy is complete. */
async function openUnused(place: string, use: 'run' | 'fill'): Promise<RedisServer> {
  const server = await openForCommand(place, use);
  if (!(await hasGateways(server))) return patient(server);
  await server.close();
  throw new StoreOpenError(placeOf(place), 'a gateway uses it', 'Stop all gateways on it first');
}

/** Each script of a copy may be repeated: it has the same effect again. */
function patient(server: RedisServer): RedisServer {
  return {
    ...server,
    async run(...script) {
      const until = performance.now() + PATIENCE_MS;
      for (;;) {
        try {
          return await server.run(...script);
        } catch (error) {
          if (performance.now() > until) throw error;
          await pause(TRY_AGAIN_AFTER_MS);
        }
      }
    },
  };
}

/** Apart from the key that shows whether Redis takes writes. */
async function isEmpty(server: RedisServer): Promise<boolean> {
  for await (const keys of scanKeys(server, commonKey('*'))) {
    if (keys.some((key) => key !== commonKey('check'))) return false;
  }
  return true;
}
