import { describe, expect, it } from '@jest/globals';
import { median, percentile, ratios, spread } from '../../../bench/report/stats.ts';

describe('the figures of a measurement', () => {
  it('the median of an odd number of values is the one in the middle', () => {
    expect(median([30, 10, 20])).toBe(20);
  });

  it('the median of an even number of values is the mean of the two in the middle', () => {
    expect(median([40, 10, 20, 30])).toBe(25);
  });

  it('the median of no values is NaN', () => {
    expect(median([])).toBeNaN();
  });

  it.each([
    [0, 1],
    [0.5, 50],
    [0.99, 99],
    [0.991, 100],
    [1, 100],
  ])('the %d percentile of 1 to 100 is %d', (share, expected) => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(values, share)).toBe(expected);
  });

  it('the spread is the smallest and the largest value', () => {
    expect(spread([3, 10, 2])).toEqual({ least: 2, most: 10 });
  });

  it('ratios compare measurements of the same round', () => {
    expect(ratios([10, 30], [5, 10])).toEqual([2, 3]);
  });
});
