import { expect, test } from '@jest/globals';
import { throttled } from '../../../src/ops/throttled.ts';
import { movableClock } from '../../support/movable-clock.ts';

function told() {
  const clock = movableClock();
  const lines: [string, number][] = [];
  const tell = throttled<string>(clock, 10_000, (what, dropped) => lines.push([what, dropped]));
  return { clock, lines, tell };
}

test('the first value is passed on at once, and none in the next ten seconds', () => {
  const { clock, lines, tell } = told();
  tell('a');
  clock.advance(9_999);
  tell('b');
  expect(lines).toEqual([['a', 0]]);
});

test('the next value that is passed on comes with the number of dropped ones', () => {
  const { clock, lines, tell } = told();
  for (const what of ['a', 'b', 'c']) tell(what);
  clock.advance(10_000);
  tell('d');
  clock.advance(10_000);
  tell('e');
  expect(lines).toEqual([
    ['a', 0],
    ['d', 2],
    ['e', 0],
  ]);
});

test('setting the time of day changes nothing', () => {
  const { clock, lines, tell } = told();
  tell('a');
  clock.set(clock.now() - 3_600_000);
  clock.advance(10_000);
  tell('b');
  expect(lines).toEqual([
    ['a', 0],
    ['b', 0],
  ]);
});
