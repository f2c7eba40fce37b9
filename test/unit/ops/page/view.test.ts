import { describe, expect, test } from '@jest/globals';
import { readOnlineSince } from '../../../../src/ops/page/action-pages.ts';
import {
  accountHref,
  overviewHref,
  readQuery,
  settingOf,
  targetOf,
  viewAt,
} from '../../../../src/ops/page/view.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const DEFAULTS = { search: '', filter: 'all', sort: 'app-id', descending: false, page: 1 };

test('a query is read; what is not understood counts as not given', () => {
  const asked = 'q=%20Sales%20&filter=stale&sort=list-age&order=desc&page=3';
  expect(readQuery(new URLSearchParams(asked))).toEqual({
    search: 'Sales',
    filter: 'stale',
    sort: 'list-age',
    descending: true,
    page: 3,
  });
  const nonsense = 'filter=x&sort=__proto__&order=up&page=-1';
  expect(readQuery(new URLSearchParams(nonsense))).toEqual(DEFAULTS);
});

test.each([
  '/',
  '/?q=a%26b&sort=list-bytes&page=2',
  '/accounts/wx%3Aa?after=7',
  '/accounts/wx_a?lang=zh',
])('the view at %s is found again by its address', (target) => {
  const found = viewAt(target);
  expect(found && targetOf(found.view, found.chosen)).toBe(target);
});

test('what is no id of an attempt counts as not given', () => {
  for (const after of ['', 'x', '-1', '1e3', '7'.repeat(17)]) {
    const view = { kind: 'account', appId: 'wx_a', after: undefined };
    expect(viewAt(`/accounts/wx_a?after=${after}`)?.view).toEqual(view);
  }
});

test.each([
  '',
  'accounts/wx_a',
  '//evil.test/',
  '/accounts/a/b',
  '/accounts/a%2Fb',
  '/accounts/%',
  '/metrics',
  '/accounts/',
])('%j is no view', (target) => expect(viewAt(target)).toBeUndefined());

test('links are relative, keep a chosen language, and encode what they name', () => {
  const setting = settingOf('zh', 'zh', '../', NOW);
  expect(accountHref(setting, 'wx:a@b')).toBe('../accounts/wx%3Aa%40b?lang=zh');
  expect(overviewHref(setting, { search: 'a&b', page: 2 })).toBe('../?q=a%26b&page=2&lang=zh');
  expect(overviewHref(settingOf('en', undefined, './', NOW))).toBe('./');
});

describe('the instant in the form', () => {
  test.each([
    ['2026-06-01T12:00', 'Z', NOW],
    ['2026-06-01T20:00', '+08:00', NOW],
    ['2026-06-01T11:59:59.5', 'Z', NOW - 500],
  ])('%s in zone %s is taken', (at, zone, instant) => {
    expect(readOnlineSince({ at, zone }, NOW)).toBe(instant);
  });

  test.each([
    ['2026-06-01T12:01', 'Z'],
    ['2026-06-01T12:00', '-01:00'],
    ['2026-06-01T12:00', ''],
    ['2026-06-01', 'Z'],
    ['2026-02-31T25:00', 'Z'],
    ['', 'Z'],
  ])('%j in zone %j is refused', (at, zone) => {
    expect(readOnlineSince({ at, zone }, NOW)).toBeUndefined();
  });
});
