import { expect, test } from '@jest/globals';
import { unsuitableIn } from '../../../src/stores/redis/suitability.ts';

const info = (...lines: string[]) => ['# Memory', ...lines, ''].join('\r\n');

test('an append-only file and noeviction are suitable', () => {
  expect(unsuitableIn(info('maxmemory_policy:noeviction', 'aof_enabled:1'))).toEqual([]);
});

test.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])(
  'the policy %s is reported',
  (policy) => {
    const told = info(`maxmemory_policy:${policy}`, 'aof_enabled:1');
    expect(unsuitableIn(told)).toEqual(['store-may-evict']);
  },
);

test('a missing append-only file is reported', () => {
  const told = info('maxmemory_policy:noeviction', 'aof_enabled:0');
  expect(unsuitableIn(told)).toEqual(['store-forgets-on-restart']);
});

test('a server that reveals neither is not reported', () => {
  expect(unsuitableIn(info('used_memory:1'))).toEqual([]);
});
