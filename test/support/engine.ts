import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { redisProgram } from './redis-life.ts';
import { startRedis, type RedisUnderTest } from './redis-server.ts';

declare const TEST_ENGINE: 'memory' | 'sqlite' | 'redis';

let redis: RedisUnderTest | undefined;
let databases = 0;

/** More than the number of gateways in any file, each of which gets its own database. */
const DATABASES = 10_000;

if (TEST_ENGINE === 'redis' && redisProgram !== undefined) {
  beforeAll(async () => {
    redis = await startRedis({ args: ['--databases', String(DATABASES)] });
  });
  afterAll(() => redis?.stop());
}

/** The engine under test. */
export const engine = TEST_ENGINE;

/** The STORE_URL of an empty store on the engine under test. */
export function emptyStore(folder: string): string {
  switch (TEST_ENGINE) {
    case 'memory':
      return 'memory:';
    case 'sqlite':
      return `sqlite:${join(folder, 'gateway.db')}`;
    case 'redis':
      return `${redis?.url ?? ''}/${databases++}`;
    default:
      return TEST_ENGINE satisfies never;
  }
}
