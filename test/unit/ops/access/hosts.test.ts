import { describe, expect, test } from '@jest/globals';
import { isForeignCall, isOwnHost, isOwnOrigin } from '../../../../src/ops/access/hosts.ts';

const OPS_ORIGIN = 'https://ops.example.com';

describe('a Host of the ops listener', () => {
  test.each([
    ...['localhost', 'LocalHost:1', 'a.localhost', 'a.b.localhost:9090'],
    ...['127.0.0.1', '10.0.0.5:9090', '0.0.0.0', '[::1]', '[fe80::1]:80', '[::ffff:1.2.3.4]'],
    ...['ops.example.com', 'OPS.example.com', 'ops.example.com:443'],
  ])('is %s', (host) => {
    expect(isOwnHost(host, OPS_ORIGIN)).toBe(true);
  });

  test.each([
    ...['', ':9090', 'localhost.', 'localhost:', 'localhost:x', '.localhost', 'a..localhost'],
    ...['xlocalhost', 'localhost.evil.test', '127.0.0.1.evil.test', '127.0.0.1.', '127.1'],
    ...['2130706433', '0x7f.0.0.1', '0177.0.0.1', '::1', '[::1', '[::1%25eth0]', '[127.0.0.1]'],
    ...['localhost@evil.test', 'evil.test:1:2', 'evil.test', '[::1].evil.test'],
    ...['ops.example.com.', 'ops.example.com:80', 'ops.example.com:9090', 'x.ops.example.com'],
    ...['ops.example.com.evil.test', 'ops%2eexample.com', 'xops.example.com'],
  ])('is not %j', (host) => {
    expect(isOwnHost(host, OPS_ORIGIN)).toBe(false);
  });

  test('is no name at all without OPS_ORIGIN, but those of loopback', () => {
    expect(isOwnHost('ops.example.com', undefined)).toBe(false);
    expect(isOwnHost('localhost', undefined)).toBe(true);
  });

  test('has the port of OPS_ORIGIN, if that has one', () => {
    const origin = 'http://ops.example.com:9090';
    expect(isOwnHost('ops.example.com:9090', origin)).toBe(true);
    expect(isOwnHost('ops.example.com', origin)).toBe(false);
    expect(isOwnHost('ops.example.com:80', 'http://ops.example.com')).toBe(true);
  });
});

describe('an Origin of the ops listener', () => {
  const plain = { isOverTls: false, host: 'localhost:9090' };

  test.each([
    ['http://localhost:9090', plain],
    ['http://10.0.0.5', { isOverTls: false, host: '10.0.0.5:80' }],
    ['https://[::1]', { isOverTls: true, host: '[::1]:443' }],
    ['http://localhost', { isOverTls: false, host: 'LOCALHOST' }],
    [OPS_ORIGIN, plain],
    [OPS_ORIGIN, { isOverTls: false, host: 'ops.example.com' }],
  ])('is %s', (origin, address) => {
    expect(isOwnOrigin(origin, address, OPS_ORIGIN)).toBe(true);
  });

  test.each([
    ...[
      undefined,
      '',
      'null',
      'https://localhost:9090',
      'http://localhost',
      'http://127.0.0.1:9090',
    ],
    ...['http://localhost:9090/', 'http://localhost:9090.evil.test', 'http://x@localhost:9090'],
    ...['http://ops.example.com', 'https://ops.example.com:9090', 'http://LOCALHOST:9090'],
  ])('is not %j', (origin) => {
    expect(isOwnOrigin(origin, plain, OPS_ORIGIN)).toBe(false);
  });
});

test('a call is foreign by Sec-Fetch-Site, or without it by Origin', () => {
  const address = { isOverTls: false, host: '127.0.0.1:9090' };
  const call = { method: 'GET', origin: undefined, site: undefined, mode: undefined };
  const isForeign = (headers: object) =>
    isForeignCall({ ...call, ...headers }, address, OPS_ORIGIN);

  expect(isForeign({})).toBe(false);
  expect(isForeign({ origin: OPS_ORIGIN })).toBe(false);
  expect(isForeign({ origin: 'null' })).toBe(true);
  expect(isForeign({ site: 'same-origin' })).toBe(false);
  expect(isForeign({ site: 'same-site' })).toBe(true);
  expect(isForeign({ site: 'cross-site', mode: 'navigate' })).toBe(false);
  expect(isForeign({ site: 'cross-site', mode: 'navigate', method: 'POST' })).toBe(true);
});
