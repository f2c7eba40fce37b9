import { expect, test } from '@jest/globals';
import { age, bytes, clockTime, duration, time } from '../../../../src/ops/page/format.ts';
import { WORDS } from '../../../../src/ops/page/words.ts';

const { en, zh } = WORDS;
const NOW = Date.parse('2026-06-01T12:00:00Z');
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 24 * 3_600_000];

test.each([
  [20_000, '20 s'],
  [59 * MINUTE, '59 min'],
  [2 * HOUR + 5 * MINUTE, '2 h 5 min'],
  [3 * DAY, '3 d'],
  [3 * DAY + 2 * HOUR, '3 d 2 h'],
  [1234 * DAY, '1,234 d'],
  [-5, '0 s'],
])('an age of %d ms is %s', (ms, text) => expect(age(ms, en)).toBe(text));

test.each([
  [3.4, '3 ms'],
  [4260, '4.3 s'],
  [62_000, '62 s'],
  [150_000, '2 min 30 s'],
  [179_900, '3 min'],
])('a duration of %d ms is %s', (ms, text) => expect(duration(ms, en)).toBe(text));

test('lengths are written in Chinese too', () => {
  expect(age(26 * HOUR, zh)).toBe('1 天 2 小时');
  expect(duration(900, zh)).toBe('900 毫秒');
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1500, '1.5 KiB'],
  [38_912, '38 KiB'],
  [5_242_880, '5.0 MiB'],
])('%d bytes are %s', (count, text) => expect(bytes(count)).toBe(text));

test.each([
  [NOW - HOUR, '11:00'],
  [NOW - DAY, '05-31 12:00'],
  [NOW - 365 * DAY, '2025-06-01 12:00'],
])('instant %d is written as %s', (at, text) => expect(clockTime(at, NOW)).toBe(text));

test('an instant is an element with its whole value', () => {
  expect(time(NOW, NOW).toString()).toContain('datetime="2026-06-01T12:00:00.000Z"');
});
