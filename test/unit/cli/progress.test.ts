import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { withProgress } from '../../../src/cli/progress.ts';
import { eventually } from '../../support/eventually.ts';

test('a terminal shows the line of each moment, and is clean afterwards', async () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true });
  let written = '';
  terminal.setEncoding('utf8').on('data', (text: string) => (written += text));
  let count = 0;
  const work = eventually(() => written.includes('line 2'));
  expect(await withProgress(terminal, () => `line ${++count}`, work)).toBe(true);
  expect(written.split('\r\u001b[K').slice(0, 3)).toEqual(['', 'line 1', 'line 2']);
  expect(written.endsWith('\r\u001b[K')).toBe(true);
});

test('nothing is written to a file or a pipe', async () => {
  const pipe = new PassThrough();
  await withProgress(pipe, () => 'line', Promise.resolve());
  expect(pipe.read()).toBeNull();
});
