/** Whether `npm run test:long` runs: then tests that can go on for ever do so for minutes instead of seconds. */
export const isLong = process.env['TEST_LONG'] !== undefined;

/** How much of such a test is done: `short` in `npm test`, `long` in `npm run test:long`. */
export function budget(short: number, long: number): number {
  return isLong ? long : short;
}
