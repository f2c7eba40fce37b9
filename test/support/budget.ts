/** Whether `npm run test:long` runs: then tests that can go on for ever do so for minutes instead of seconds. */
export const isLong = process.env['TEST_LONG'] !== undefined;
