import { describe, expect, test } from '@jest/globals';
import { openLogFormat } from '../../../src/ops/log-format.ts';

const LINES =
  '{"level":"info","time":"2026-01-01T00:00:00.000Z","instance":"gw-1","status":200,"msg":"request"}\n' +
  '{"level":"error","time":"2026-01-01T00:00:00.000Z","err":{"stack":"Error: no\\n    at x"},"msg":"failed"}\n';
const TERMINAL = { isTTY: true, hasColors: () => true };
const WITHOUT_COLOURS = { isTTY: true, hasColors: () => false };

test.each([
  ['json', TERMINAL],
  ['auto', {}],
] as const)('%s leaves lines as they are on %j', async (format, destination) => {
  expect((await openLogFormat(format, destination))(LINES)).toBe(LINES);
});

describe.each([
  ['auto', WITHOUT_COLOURS],
  ['pretty', {}],
] as const)('%s on %j', (format, destination) => {
  test('shows the level, the message and the fields of each line, without colours', async () => {
    const pretty = (await openLogFormat(format, destination))(LINES);
    expect(pretty).toMatch(/^\[.*\] INFO: request \{"instance":"gw-1","status":200\}\n/);
    expect(pretty).toMatch(/\n\[.*\] ERROR: failed/);
    expect(pretty).toContain('    at x');
    expect(pretty).not.toContain('\u001b');
  });
});

test('has colours only on a terminal that shows them', async () => {
  expect((await openLogFormat('auto', TERMINAL))(LINES)).toContain('\u001b[3');
  const notATerminal = { hasColors: () => true };
  expect((await openLogFormat('pretty', notATerminal))(LINES)).not.toContain('\u001b');
});
