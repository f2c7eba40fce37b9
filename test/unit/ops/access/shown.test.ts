import { describe, expect, test } from '@jest/globals';
import { basicOf, cookiesOf, printable, shortened } from '../../../../src/ops/access/shown.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('Basic', () => {
  test('has a user and a password, which may contain colons', () => {
    expect(basicOf(basic('李雷:a:b'))).toEqual({ user: '李雷', password: 'a:b' });
    expect(basicOf(basic(':x'))).toEqual({ user: '', password: 'x' });
    expect(basicOf(basic('a:b').replace('Basic', 'bASIC'))).toEqual({ user: 'a', password: 'b' });
  });

  test.each([undefined, '', 'Basic', 'Basic %%%', basic('no-colon'), 'Bearer YTpi'])(
    'is not %j',
    (header) => {
      expect(basicOf(header)).toBeUndefined();
    },
  );
});

test('all cookies of a name count, and none of a longer or shorter name', () => {
  const header = 'gewe=1; a=gewe_ops=2; gewe_ops=one;gewe_ops_2=no; gewe_ops=two; gewe_ops=';
  expect(cookiesOf(header, 'gewe_ops')).toEqual(['one', 'two', '']);
  expect(cookiesOf(undefined, 'gewe_ops')).toEqual([]);
});

test.each([
  [' 李雷 ', '李雷'],
  ['Ann\r\nSet-Cookie: x=1', 'Ann Set-Cookie: x=1'],
  ['a\u0000\u001b[31m\u202Eb\u200B', 'a[31mb'],
  ['x'.repeat(100_000), 'x'.repeat(60)],
  ['𝒳'.repeat(61), '𝒳'.repeat(60)],
  ['\ud800', ''],
  [' \t ', ''],
])('the name %j is recorded as %j', (given, recorded) => {
  expect(shortened(printable(given))).toBe(recorded);
});
