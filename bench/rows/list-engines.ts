/** The stores that `memory.ts` fills: each is new, and lies in a folder that is deleted afterwards. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { redisProgram } from '../../test/support/redis-life.ts';
import { startRedis } from '../../test/support/redis-server.ts';

export interface ListEngine {
  readonly storeUrl: string;
  /** How large it is, as text. */
  size(): Promise<string>;
  /** Makes the next reads come from the disk. @returns whether that was possible */
  cool(): boolean;
  stop(): Promise<void>;
}

export const engines: Readonly<
  Record<string, (folder: string) => Promise<ListEngine | undefined>>
> = {
  async sqlite(folder) {
    const path = join(folder, 'gateway.db');
    return {
      storeUrl: `sqlite:${path}`,
      size: async () => `${mb(statSync(path).size)} MB on disk`,
      // With these arguments GNU dd drops a file from the system's cache.
      cool: () => spawnSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0']).status === 0,
      stop: async () => undefined,
    };
  },
  async redis() {
    if (redisProgram === undefined) return undefined;
    const redis = await startRedis();
    return {
      storeUrl: redis.url,
      async size() {
        const info = String(await redis.command('INFO', 'memory'));
        return `${mb(Number(/^used_memory:(\d+)/m.exec(info)?.[1]))} MB in Redis`;
      },
      cool: () => false,
      stop: redis.stop,
    };
  },
};

function mb(bytes: number): number {
  return Math.round(bytes / 1e6);
}
