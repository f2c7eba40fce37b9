import { describe, test } from '@jest/globals';
import { redisProgram } from './redis-life.ts';

const MISSING = 'neither redis-server nor valkey-server is on PATH';

/**
 * `describe` for tests that need `startRedis`. Without a server program they are skipped with the reason, or fail with
 * the variable TEST_REDIS=required.
 */
export function describeOnRedis(title: string, declare: () => void): void {
  if (redisProgram !== undefined) return describe(title, declare);
  if (process.env['TEST_REDIS'] !== 'required') {
    return describe.skip(`${title} (skipped: ${MISSING})`, declare);
  }
  describe(title, () => {
    test('have a server to run on', () => {
      throw new Error(`TEST_REDIS=required, and ${MISSING}`);
    });
  });
}
