import { expect, test } from '@jest/globals';
import { shownStore } from '../../../src/ops/about.ts';

test.each([
  ['memory:', 'memory'],
  ['sqlite:data/gateway.db', 'sqlite:data/gateway.db'],
  ['redis://gateway:pass@cache.example', 'redis://cache.example:6379/0'],
  ['redis://:p%40ss@127.0.0.1:6380/3', 'redis://127.0.0.1:6380/3'],
  ['rediss://gateway:pass@[::1]:6379/', 'rediss://[::1]:6379/0'],
  ['redis://cache.example/1?password=pass', 'redis://cache.example:6379/1'],
])('STORE_URL %s is shown as %s', (url, shown) => {
  expect(shownStore(url)).toBe(shown);
});
