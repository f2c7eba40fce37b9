import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chinaTime, isTodayInChina } from '../../src/china-time.ts';

const china = (text: string) => Date.parse(`${text}+08:00`);
const NOON = china('2026-11-27T12:00:00');

describe('chinaTime', () => {
  test.each([
    ['today', '2026-11-27T19:45:00', NOON, '19:45'],
    ['today, a second later', '2026-11-27T19:45:01', NOON, '19:46'],
    ['today, a millisecond later', '2026-11-27T19:45:00.001', NOON, '19:46'],
    ['tomorrow', '2026-11-28T09:30:00', NOON, '明天 09:30'],
    ['the first minute of tomorrow', '2026-11-28T00:00:00', NOON, '明天 00:00'],
    ['rounded up into tomorrow', '2026-11-27T23:59:00.001', NOON, '明天 00:00'],
    ['the day after tomorrow', '2026-11-29T19:45:00', NOON, '11月29日 19:45'],
    ['in the next month', '2026-12-05T08:05:00', NOON, '12月5日 08:05'],
    ['in the next year', '2027-01-01T00:00:00', NOON, '1月1日 00:00'],
    ['tomorrow of the last day', '2027-01-01T09:30:00', china('2026-12-31T12:00:00'), '明天 09:30'],
    ['in two minutes', '2026-11-27T12:02:00', NOON, '12:02'],
    ['just under two minutes', '2026-11-27T12:01:59.999', NOON, '12:02:00'],
    ['in a minute and a half', '2026-11-27T12:01:30', NOON, '12:01:30'],
    ['rounded up to a second', '2026-11-27T12:00:59.001', NOON, '12:01:00'],
    ['soon, over midnight', '2026-11-28T00:00:30', china('2026-11-27T23:59:00'), '明天 00:00:30'],
    ['to midnight', '2026-11-27T23:59:59.001', china('2026-11-27T23:59:00'), '明天 00:00:00'],
    ['yesterday', '2026-11-26T19:45:00', NOON, '11月26日 19:45:00'],
  ])('of an instant %s', (_what, instant, now, expected) => {
    expect(chinaTime(china(instant), now)).toBe(expected);
  });

  test('counts days in China: 15:59 UTC is the evening, 16:00 UTC the next day', () => {
    const now = Date.parse('2026-11-27T15:00:00Z');
    expect(chinaTime(Date.parse('2026-11-27T15:59:00Z'), now)).toBe('23:59');
    expect(chinaTime(Date.parse('2026-11-27T16:00:00Z'), now)).toBe('明天 00:00');
  });

  test('is never too early, and less than a minute too late, by the tz database', () => {
    const clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: 'Asia/Shanghai',
      hour: '2-digit',
      minute: '2-digit',
    });
    const anyInstant = fc.integer({ min: Date.UTC(1992, 0), max: Date.UTC(2100, 0) });
    const anyWait = fc.integer({ min: 120_000, max: 3 * 86_400_000 });
    fc.assert(
      fc.property(anyInstant, anyWait, (now, wait) => {
        const instant = now + wait;
        const shown = chinaTime(instant, now).slice(-5);
        const before = clock.format(instant - 1);
        expect(shown).not.toBe(before);
        expect(shown).toBe(clock.format(instant + 59_999));
      }),
    );
  });
});

test('isTodayInChina goes by the rounded instant', () => {
  expect(isTodayInChina(china('2026-11-27T23:59:00'), NOON)).toBe(true);
  expect(isTodayInChina(china('2026-11-27T23:59:00.001'), NOON)).toBe(false);
  expect(isTodayInChina(china('2026-11-28T00:00:00'), NOON)).toBe(false);
});
