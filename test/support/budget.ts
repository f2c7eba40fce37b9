/** Whether `npm run test:long` runs: then tests without a natural end run for minutes instead of seconds. */
export const isLong = process.env['TEST_LONG'] !== undefined;

/** The size of such a test: `short` in `npm test`, `long` in `npm run test:long`. */
export function budget(short: number, long: number): number {
  return isLong ? long : short;
}
