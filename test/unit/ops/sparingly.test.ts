import { expect, test } from '@jest/globals';
import { sparingly } from '../../../src/ops/sparingly.ts';
import { movableClock } from '../../support/movable-clock.ts';

function told() {
  const clock = movableClock();
  const lines: [string, number][] = [];
  const tell = sparingly<string>(clock, 10_000, (what, heldBack) => lines.push([what, heldBack]));
  return { clock, lines, tell };
}

test('the first is told at once, and of the next ten seconds none', () => {
  const { clock, lines, tell } = told();
  tell('a');
  clock.advance(9_999);
  tell('b');
  expect(lines).toEqual([['a', 0]]);
});

test('the next one that is told says how many were held back', () => {
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

test('a clock that is set back an hour silences nothing', () => {
  const { clock, lines, tell } = told();
  tell('a');
  clock.advance(-3_600_000);
  tell('b');
  expect(lines).toEqual([
    ['a', 0],
    ['b', 0],
  ]);
});
