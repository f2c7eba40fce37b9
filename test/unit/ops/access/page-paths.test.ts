import { describe, expect, test } from '@jest/globals';
import { placeOf, signInFrom, wantsPage } from '../../../../src/ops/access/page-paths.ts';

const BROWSER = 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8';
const asked = (path: string, changed = {}) =>
  wantsPage({ method: 'GET', path, accept: BROWSER, destination: undefined, ...changed });

describe('a page is wanted', () => {
  test('by a browser that asks for a path of the page', () => {
    expect(asked('/')).toBe(true);
    expect(asked('/accounts/wx_1/online-since', { method: 'HEAD' })).toBe(true);
    expect(asked('/', { accept: '*/*', destination: 'document' })).toBe(true);
  });

  test('not by a program, with another method, or on another path', () => {
    expect(asked('/', { accept: '*/*' })).toBe(false);
    expect(asked('/', { accept: undefined })).toBe(false);
    expect(asked('/', { method: 'POST' })).toBe(false);
    for (const path of ['/metrics', '/admin/accounts', '/events', '/accounts']) {
      expect(asked(path)).toBe(false);
    }
  });
});

test.each([
  ['/', 'sign-in'],
  ['/?sort=list-age&page=2', 'sign-in?to=%3Fsort%3Dlist-age%26page%3D2'],
  ['/accounts/wx_1', '../sign-in?to=accounts%2Fwx_1'],
  ['/accounts/wx_1/forget-list', '../../sign-in?to=accounts%2Fwx_1%2Fforget-list'],
  ['/accounts//evil.test', '../../sign-in'],
  ['/accounts/a/b/c', '../../../sign-in'],
])('from %s, the sign-in page is at %s', (target, location) => {
  expect(signInFrom(target)).toBe(location);
});

describe('after signing in', () => {
  const base = new URL('https://ops.example.com/gw1/sign-in');

  test.each(['', 'accounts/wx_1', 'accounts/wx%3A1/forget-list', '?sort=list-age', 'accounts/a:b'])(
    'the way leads back to %j',
    (to) => {
      expect(new URL(placeOf(to), base).href).toBe(`https://ops.example.com/gw1/${to}`);
    },
  );

  test.each([
    ...['//evil.test', '/evil.test', 'https://evil.test', 'javascript:alert(1)', '\\\\evil.test'],
    ...[
      'accounts//evil.test',
      '../metrics',
      'metrics',
      'accounts/',
      'accounts/a/b/c',
      '\t//evil.test',
    ],
    ...[
      'accounts/a\r\nSet-Cookie: a=b',
      'accounts/a#x',
      '?x=<script>',
      `accounts/${'x'.repeat(1000)}`,
    ],
    ...[undefined, ['accounts/a', 'accounts/b'], { a: '1' }],
  ])('%j leads to the first page', (to) => {
    expect(placeOf(to)).toBe('./');
  });
});
