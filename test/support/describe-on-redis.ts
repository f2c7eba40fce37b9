import { describe, test } from '@jest/globals';
import { redisProgram } from './redis-life.ts';

const MISSING = 'neither redis-server nor valkey-server is on PATH';

/**
 * `describe` for what needs `startRedis`. Without a server to start its tests are skipped, and say why; with the
 * variable TEST_REDIS=required they fail.
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
