import { describe, expect, test } from '@jest/globals';
import { createOutages, throttled } from '../../../src/ops/repeats.ts';
import { eventually } from '../../support/eventually.ts';
import { movableClock } from '../../support/movable-clock.ts';

const WHY = new Error('it is gone');

describe('createOutages', () => {
  function start() {
    const clock = movableClock();
    const told: string[] = [];
    const outages = createOutages(clock, {
      begin: (why, leftOut) => told.push(`${why.message}, ${leftOut} left out`),
      end: () => told.push('back'),
    });
    const flap = () => {
      outages.begin(WHY);
      outages.end();
    };
    return { clock, told, outages, flap };
  }

  test('logs the beginning and the end of an outage', () => {
    const { told, outages } = start();
    outages.begin(WHY);
    expect([told, outages.isNow()]).toEqual([['it is gone, 0 left out'], true]);
    outages.end();
    expect([told.at(-1), outages.isNow()]).toEqual(['back', false]);
  });

  test('logs three of many outages in ten seconds, and then the number of suppressed ones', () => {
    const { clock, told, flap } = start();
    for (let i = 0; i < 20; i++) flap();
    expect(told).toHaveLength(6);
    clock.advance(10_000);
    flap();
    expect(told.slice(6)).toEqual(['it is gone, 17 left out', 'back']);
  });

  test('logs a suppressed outage later if it lasts', async () => {
    const { clock, told, outages, flap } = start();
    for (let i = 0; i < 3; i++) flap();
    clock.advance(9_950);
    outages.begin(WHY);
    expect(told).toHaveLength(6);
    clock.advance(50);
    expect(await eventually(() => told.length === 7)).toBe(true);
    outages.end();
    expect(told.slice(6)).toEqual(['it is gone, 0 left out', 'back']);
  });

  test('suppresses nothing because the system clock was set back', () => {
    const { clock, told, flap } = start();
    for (let i = 0; i < 3; i++) flap();
    clock.set(clock.now() - 3_600_000);
    clock.advance(10_000);
    flap();
    expect(told).toHaveLength(8);
  });
});

describe('throttled', () => {
  function told() {
    const clock = movableClock();
    const lines: [string, number][] = [];
    const tell = throttled<string>(clock, 10_000, (what, dropped) => lines.push([what, dropped]));
    return { clock, lines, tell };
  }

  test('passes on the first value at once, and none in the next ten seconds', () => {
    const { clock, lines, tell } = told();
    tell('a');
    clock.advance(9_999);
    tell('b');
    expect(lines).toEqual([['a', 0]]);
  });

  test('passes on the next value with the number of dropped ones', () => {
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

  test('is not affected by the system clock', () => {
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
});
