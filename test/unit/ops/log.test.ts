import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { createScrubber } from '../../../src/gewe/scrub.ts';
import { createLog, type Destination } from '../../../src/ops/log.ts';
import { eventually } from '../../support/eventually.ts';

const TOKEN = 'tok-4f9d1c7e5b2a';

const asItIs = (lines: string) => lines;
const logTo = (destination: Destination, parts: Partial<Parameters<typeof createLog>[0]> = {}) =>
  createLog({
    level: 'info',
    instance: () => 'gw-1',
    scrub: asItIs,
    format: asItIs,
    destination,
    onDropped: () => undefined,
    ...parts,
  });

test('a crash whose message, stack and cause contain the token is logged as JSON without it', () => {
  const lines: string[] = [];
  const { text } = createScrubber(() => [TOKEN]);
  const destination = { write: (line: string) => lines.push(line) };
  const { logger, flush } = logTo(destination, { level: 'trace', scrub: text });
  const cause = new Error(`header X-GEWE-TOKEN: ${TOKEN}`);

  logger.fatal({ err: new Error(`failed with ${TOKEN}`, { cause }) }, 'the gateway failed');
  flush();

  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain(TOKEN);
  const { level, err } = JSON.parse(lines[0] ?? '') as { level: string; err: { message: string } };
  expect(level).toBe('fatal');
  expect(err.message).toContain('failed with ***');
});

test('the lines of one turn of the event loop are written together, in order', async () => {
  const writes: string[] = [];
  const destination = { write: (lines: string) => writes.push(lines) };
  const { logger } = logTo(destination);

  logger.info('first');
  logger.info('second');
  await setImmediate();

  expect(writes.map(messagesOf)).toEqual([['first', 'second']]);
});

test('lines beyond the buffer for a slow reader are dropped, and their number precedes the next lines', () => {
  const writes: string[] = [];
  const destination = { write: (lines: string) => writes.push(lines), writableLength: 4_000_000 };
  let counted = 0;
  const count = (lines: number) => void (counted += lines);
  const { logger, flush } = logTo(destination, { level: 'error', onDropped: count });
  logger.error('still kept');
  flush();
  destination.writableLength += 1;
  logger.error('lost');
  logger.error('lost, too');
  flush();
  expect(writes).toHaveLength(1);
  expect(counted).toBe(2);

  destination.writableLength = 0;
  logger.error('read again');
  logger.error('and again');
  flush();

  expect(writes.flatMap(messagesOf)).toEqual([
    'still kept',
    'log lines were dropped, because nobody read them',
    'read again',
    'and again',
  ]);
  const gap = { level: 'warn', dropped: 2, instance: 'gw-1' };
  expect(JSON.parse(writes[1]?.split('\n')[0] ?? '')).toMatchObject(gap);
});

test('lines that repeat the token many times do not affect the other lines of their turn', () => {
  let written = '';
  const destination = { write: (lines: string) => void (written += lines) };
  const { text } = createScrubber(() => [TOKEN]);
  const { logger, flush } = logTo(destination, { scrub: text });

  logger.info('innocent');
  logger.info(TOKEN.repeat(1001));
  flush();

  expect(written).not.toContain(TOKEN);
  expect(written.split('\n')).toHaveLength(3);
  expect(JSON.parse(written.split('\n')[0] ?? '')).toMatchObject({ msg: 'innocent' });
});

test('each line has the name that the gateway has by then', async () => {
  let [name, written] = ['host', ''];
  const { logger, flush } = logTo(
    { write: (lines: string) => void (written += lines) },
    { instance: () => name },
  );
  const instances = () =>
    written
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { instance: string }).instance);

  logger.info('before the port is known');
  flush();
  name = 'host:8080';
  const [before] = instances();
  // The name is read once a millisecond.
  const isSaid = await eventually(() => {
    logger.child({ a: 1 }).info('after');
    flush();
    return instances().at(-1) === 'host:8080';
  });

  expect([before, isSaid]).toEqual(['host', true]);
});

function messagesOf(lines: string): unknown[] {
  const records = lines.trimEnd().split('\n');
  return records.map((line) => (JSON.parse(line) as { msg: unknown }).msg);
}
