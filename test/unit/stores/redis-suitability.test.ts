import { expect, test } from '@jest/globals';
import { unsuitableIn } from '../../../src/stores/redis/suitability.ts';

const info = (...lines: string[]) => ['# Memory', ...lines, ''].join('\r\n');

test('an append-only file and noeviction are what quotas want', () => {
  expect(unsuitableIn(info('maxmemory_policy:noeviction', 'aof_enabled:1'))).toEqual([]);
});

test.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])(
  'a policy of %s is named',
  (policy) => {
    const told = info(`maxmemory_policy:${policy}`, 'aof_enabled:1');
    expect(unsuitableIn(told)).toEqual(['store-may-evict']);
  },
);

test('one without an append-only file is named', () => {
  const told = info('maxmemory_policy:noeviction', 'aof_enabled:0');
  expect(unsuitableIn(told)).toEqual(['store-forgets-on-restart']);
});

test('a server that tells neither is not accused', () => {
  expect(unsuitableIn(info('used_memory:1'))).toEqual([]);
});
