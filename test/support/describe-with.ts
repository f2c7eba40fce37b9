import { describe, test } from '@jest/globals';
import { onPath } from './on-path.ts';

/**
 * `describe` for tests that need a program. Without it they are skipped with the reason, or fail with the variable
 * TEST_PROGRAMS=required.
 */
export function describeWith(program: string, title: string, declare: () => void): void {
  if (onPath(program) !== undefined) return describe(title, declare);
  const missing = `${program} is not on PATH`;
  if (process.env['TEST_PROGRAMS'] !== 'required') {
    return describe.skip(`${title} (skipped: ${missing})`, declare);
  }
  describe(title, () => {
    test(`have ${program} to run`, () => {
      throw new Error(`TEST_PROGRAMS=required, and ${missing}`);
    });
  });
}
