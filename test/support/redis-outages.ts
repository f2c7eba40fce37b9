import type { GatewayOnRedis } from './gateway-on-redis.ts';

/** A way in which a Redis cannot be used, and how it is mended. */
export interface RedisOutage {
  readonly name: string;
  /** Whether it answers all the same, and only takes no writes. */
  readonly answers: boolean;
  /** What the log says of it. */
  readonly reason: RegExp;
  /** Arguments that the server gets from the start. */
  readonly args?: readonly string[];
  strike(parts: Parts): unknown;
  mend(parts: Parts): unknown;
}

type Parts = Pick<GatewayOnRedis, 'redis' | 'wire'>;

export const KILLED: RedisOutage = {
  name: 'killed',
  answers: false,
  reason: /connection is closed|ECONNRE/,
  strike: ({ redis }) => redis.kill(),
  mend: ({ redis }) => redis.start(),
};

export const FROZEN: RedisOutage = {
  name: 'frozen',
  answers: false,
  reason: /does not answer within 300 ms/,
  strike: ({ redis }) => redis.freeze(),
  mend: ({ redis }) => redis.thaw(),
};

export const BLACK_HOLE: RedisOutage = {
  name: 'behind a wire that swallows every byte',
  answers: false,
  reason: /does not answer within 300 ms/,
  strike: ({ wire }) => wire.hold(),
  mend: ({ wire }) => wire.heal(),
};

export const CUT: RedisOutage = {
  name: 'cut off',
  answers: false,
  reason: /connection is closed|ECONNRE/,
  strike: ({ wire }) => wire.cut(),
  mend: ({ wire }) => wire.heal(),
};

export const slowBy = (ms: number): RedisOutage => ({
  name: `slow by ${ms} ms`,
  answers: false,
  reason: /does not answer within 300 ms/,
  strike: ({ wire }) => wire.delay(ms),
  mend: ({ wire }) => wire.heal(),
});

export const REPLICA: RedisOutage = {
  name: 'turned into a replica',
  answers: true,
  reason: /READONLY/,
  // Nobody listens there, so that it keeps what it has.
  strike: ({ redis }) => redis.command('REPLICAOF', '127.0.0.1', '1'),
  mend: ({ redis }) => redis.command('REPLICAOF', 'NO', 'ONE'),
};

export const WITHOUT_REPLICAS: RedisOutage = {
  name: 'without the replicas that it wants',
  answers: true,
  reason: /NOREPLICAS/,
  strike: ({ redis }) => redis.command('CONFIG', 'SET', 'min-replicas-to-write', '1'),
  mend: ({ redis }) => redis.command('CONFIG', 'SET', 'min-replicas-to-write', '0'),
};

export const FULL: RedisOutage = {
  name: 'full',
  answers: true,
  reason: /OOM/,
  strike: ({ redis }) => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
  mend: ({ redis }) => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
};
