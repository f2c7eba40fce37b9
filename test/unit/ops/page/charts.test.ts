import { expect, test } from '@jest/globals';
import {
  bars,
  lane,
  scaleFor,
  sparkline,
  stacked,
  steps,
} from '../../../../src/ops/page/charts.ts';

const drawn = (svg: { toString(): string }) =>
  [...svg.toString().matchAll(/ d="([^"]*)"/g)].map(([, path]) => path);

test('a bar is as high as its value, and nothing is drawn for zero', () => {
  const svg = bars('Calls', [{ className: 'answered', values: [0, 50, 100] }], 100);
  expect(drawn(svg)).toEqual(['M1 100v-50h0.8v50zM2 100v-100h0.8v100z']);
});

test('one failure among thousands can be seen', () => {
  expect(drawn(bars('Calls', [{ className: 'failed', values: [1] }], 5000))).toEqual([
    'M0 100v-2h0.8v2z',
  ]);
});

test('stacked series add up, the largest first', () => {
  const series = [
    { className: 'failed', values: [1, 0] },
    { className: 'refused', values: [2, 3] },
  ];
  expect(stacked(series)).toEqual([
    { className: 'refused', values: [3, 3] },
    { className: 'failed', values: [1, 0] },
  ]);
});

test.each([
  [0, 1],
  [1, 1],
  [3, 5],
  [101, 200],
  [0.3, 0.5],
  [9999, 10_000],
])('a scale for %d ends at %d', (most, end) => expect(scaleFor(most)).toBeCloseTo(end));

test('a failed fetch has another shape than a good one', () => {
  const svg = sparkline(
    'Fetches',
    [
      { value: 10, isBad: false },
      { value: 10, isBad: true },
    ],
    2,
  );
  expect(drawn(svg)).toEqual(['M0 24v-22h4v22z', 'M5.5 2h3M7 24v-22']);
});

test('marks on a lane are where their instants are', () => {
  expect(drawn(lane('Sent', 'sent', [0, 50, 100], 0, 100))[1]).toBe('M0 2v16M500 2v16M1000 2v16');
});

test('a value holds until the next one', () => {
  const points = [
    { at: 0, value: 50 },
    { at: 50, value: 100 },
  ];
  expect(drawn(steps('Size', points, 100, 100))[1]).toBe('M0 50H500V0H1000');
});

test('drawings have a title, and every value in them is escaped', () => {
  const svg = bars('<b>"&', [], 1).toString();
  expect(svg).toMatch(/role="img"\s+aria-label="&lt;b&gt;&quot;&amp;"/);
  expect(svg).toContain('<title>&lt;b&gt;&quot;&amp;</title>');
  expect(svg).not.toContain('style=');
});
