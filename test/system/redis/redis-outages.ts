import { ownDisk } from '../../support/disk-faults.ts';
import type { GatewayOnRedis } from '../../support/gateways-on-redis.ts';

/** A way in which a Redis cannot be used, and how to repair it. */
export interface RedisOutage {
  readonly name: string;
  /** The reason in the log. */
  readonly reason: RegExp;
  /** Before the gateway starts. */
  prepare?(parts: Parts): unknown;
  strike(parts: Parts): unknown;
  mend(parts: Parts): unknown;
  /** After the gateway has stopped, whether or not the outage was ended. */
  dispose?(parts: Parts): unknown;
}

type Parts = Pick<GatewayOnRedis, 'redis' | 'wire'>;

export const KILLED: RedisOutage = {
  name: 'killed',
  reason: /connection is closed|ECONNRE/,
  strike: ({ redis }) => redis.kill(),
  mend: ({ redis }) => redis.start(),
};

export const FROZEN: RedisOutage = {
  name: 'frozen',
  reason: /does not answer within 300 ms/,
  strike: ({ redis }) => redis.freeze(),
  mend: ({ redis }) => redis.thaw(),
};

export const BLACK_HOLE: RedisOutage = {
  name: 'behind a wire that swallows every byte',
  reason: /does not answer within 300 ms/,
  strike: ({ wire }) => wire.hold(),
  mend: ({ wire }) => wire.heal(),
};

export const CUT: RedisOutage = {
  name: 'cut off',
  reason: /connection is closed|ECONNRE/,
  strike: ({ wire }) => wire.cut(),
  mend: ({ wire }) => wire.heal(),
};

export const slowBy = (ms: number): RedisOutage => ({
  name: `slow by ${ms} ms`,
  reason: /does not answer within 300 ms/,
  strike: ({ wire }) => wire.delay(ms),
  mend: ({ wire }) => wire.heal(),
});

export const REPLICA: RedisOutage = {
  name: 'turned into a replica',
  reason: /READONLY/,
  // Nothing listens there, so that it keeps its data.
  strike: ({ redis }) => redis.command('REPLICAOF', '127.0.0.1', '1'),
  mend: ({ redis }) => redis.command('REPLICAOF', 'NO', 'ONE'),
};

export const WITHOUT_REPLICAS: RedisOutage = {
  name: 'without the replicas that it wants',
  reason: /NOREPLICAS/,
  strike: ({ redis }) => redis.command('CONFIG', 'SET', 'min-replicas-to-write', '1'),
  mend: ({ redis }) => redis.command('CONFIG', 'SET', 'min-replicas-to-write', '0'),
};

export const FULL: RedisOutage = {
  name: 'full',
  reason: /OOM/,
  strike: ({ redis }) => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
  mend: ({ redis }) => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
};

/** Needs `ownDisk.isPossible`. */
export const DISK_FULL: RedisOutage = {
  name: 'on a disk that is full',
  reason: /MISCONF/,
  async prepare({ redis }) {
    await redis.kill();
    ownDisk.mount(redis.folder, '16m');
    await redis.start();
  },
  async strike({ redis }) {
    ownDisk.fill(redis.folder);
    // The last page may have room, so only a write shows that the disk is full.
    for (;;) {
      const answer = await redis.command('SET', 'filler', 'x'.repeat(4096)).catch(String);
      if (String(answer).includes('MISCONF')) return;
    }
  },
  mend: ({ redis }) => ownDisk.free(redis.folder),
  async dispose({ redis }) {
    await redis.kill();
    ownDisk.unmount(redis.folder);
  },
};
