import { expect, test } from '@jest/globals';
import { createOutages } from '../../../src/ops/outages.ts';
import { eventually } from '../../support/eventually.ts';
import { movableClock } from '../../support/movable-clock.ts';

const WHY = new Error('it is gone');

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

test('an outage is told when it begins and when it is over', () => {
  const { told, outages } = start();
  outages.begin(WHY);
  expect([told, outages.isNow()]).toEqual([['it is gone, 0 left out'], true]);
  outages.end();
  expect([told.at(-1), outages.isNow()]).toEqual(['back', false]);
});

test('of many in ten seconds three are told, and the next one tells how many were left out', () => {
  const { clock, told, flap } = start();
  for (let i = 0; i < 20; i++) flap();
  expect(told).toHaveLength(6);
  clock.advance(10_000);
  flap();
  expect(told.slice(6)).toEqual(['it is gone, 17 left out', 'back']);
});

test('one that is not told at once is told when it lasts', async () => {
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

test('setting the time of day back silences nothing', () => {
  const { clock, told, flap } = start();
  for (let i = 0; i < 3; i++) flap();
  clock.set(clock.now() - 3_600_000);
  clock.advance(10_000);
  flap();
  expect(told).toHaveLength(8);
});
