import { expect, test } from '@jest/globals';
import { createScrubber } from '../../../src/gewe/scrub.ts';
import { createLogger } from '../../../src/ops/log.ts';

const TOKEN = 'tok-4f9d1c7e5b2a';

test('a crash whose message, stack and cause hold the token is logged as JSON without it', () => {
  const lines: string[] = [];
  const { text } = createScrubber(() => [TOKEN]);
  const destination = { write: (line: string) => lines.push(line) };
  const logger = createLogger('trace', text, destination, () => undefined);
  const cause = new Error(`header X-GEWE-TOKEN: ${TOKEN}`);

  logger.fatal({ err: new Error(`failed with ${TOKEN}`, { cause }) }, 'the gateway failed');

  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain(TOKEN);
  const { level, err } = JSON.parse(lines[0] ?? '') as { level: string; err: { message: string } };
  expect(level).toBe('fatal');
  expect(err.message).toContain('failed with ***');
});

test('lines beyond what may wait for a reader are dropped and counted, and the next one comes after their number', () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line), writableLength: 4_000_000 };
  let counted = 0;
  const logger = createLogger(
    'error',
    (line) => line,
    destination,
    () => (counted += 1),
  );
  logger.error('still kept');
  destination.writableLength += 1;
  logger.error('lost');
  logger.error('lost, too');
  expect(lines).toHaveLength(1);
  expect(counted).toBe(2);

  destination.writableLength = 0;
  logger.error('read again');
  logger.error('and again');

  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(told.map(({ msg }) => msg)).toEqual([
    'still kept',
    'log lines were dropped, because nobody read them',
    'read again',
    'and again',
  ]);
  expect(told[1]).toMatchObject({ level: 'warn', dropped: 2 });
});
