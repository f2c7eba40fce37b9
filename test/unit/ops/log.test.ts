import { expect, test } from '@jest/globals';
import { createScrubber } from '../../../src/gewe/scrub.ts';
import { createLogger } from '../../../src/ops/log.ts';

const TOKEN = 'tok-4f9d1c7e5b2a';

test('a crash whose message, stack and cause hold the token is logged as JSON without it', () => {
  const lines: string[] = [];
  const { text } = createScrubber(() => [TOKEN]);
  const logger = createLogger('trace', text, { write: (line: string) => lines.push(line) });
  const cause = new Error(`header X-GEWE-TOKEN: ${TOKEN}`);

  logger.fatal({ err: new Error(`failed with ${TOKEN}`, { cause }) }, 'the gateway failed');

  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain(TOKEN);
  const { level, err } = JSON.parse(lines[0] ?? '') as { level: string; err: { message: string } };
  expect(level).toBe('fatal');
  expect(err.message).toContain('failed with ***');
});
