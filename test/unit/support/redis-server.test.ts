import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import { describeOnRedis } from '../../support/describe-on-redis.ts';
import { eventually } from '../../support/eventually.ts';
import { startRedis, type RedisOptions } from '../../support/redis-server.ts';

const SERVERS = fileURLToPath(new URL('../../support/redis-server.ts', import.meta.url));
const CERTIFICATE = fileURLToPath(new URL('../../fixtures/tls/certificate.pem', import.meta.url));
const KEY = fileURLToPath(new URL('../../fixtures/tls/key.pem', import.meta.url));

describeOnRedis('a Redis started by a test', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(() => Promise.all(ends.splice(0).map((end) => end())));

  async function start(options?: RedisOptions) {
    const redis = await startRedis(options);
    ends.push(redis.stop);
    return redis;
  }

  test('returns every kind of reply of Redis', async () => {
    const { command } = await start();
    expect(await command('SET', 'name', 'café\r\n$3')).toBe('OK');
    expect(await command('MGET', 'name', 'nobody')).toEqual(['café\r\n$3', null]);
    expect(await command('LPUSH', 'many', ...Array.from({ length: 9999 }, String))).toBe(9999);
    expect(await command('LRANGE', 'many', '0', '-1')).toHaveLength(9999);
    await expect(command('INCR', 'name')).rejects.toThrow('not an integer');
  });

  test('keeps an append-only file and no snapshots, and accepts other settings', async () => {
    const { command } = await start({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    expect(await command('CONFIG', 'GET', 'appendonly')).toEqual(['appendonly', 'yes']);
    expect(await command('CONFIG', 'GET', 'save')).toEqual(['save', '']);
    expect((await command('CONFIG', 'GET', 'maxmemory-policy')) as string[]).toContain(
      'allkeys-lru',
    );
  });

  test('is another process on the same port after a kill and a start, with its data or without', async () => {
    const redis = await start({ args: ['--appendfsync', 'always'] });
    const { pid } = redis;
    await redis.command('SET', 'kept', 'yes');
    await redis.kill();
    expect(() => process.kill(pid, 0)).toThrow();
    await expect(redis.command('PING')).rejects.toThrow('ECONNREFUSED');
    await redis.start();
    expect(redis.pid).not.toBe(pid);
    expect(await redis.command('GET', 'kept')).toBe('yes');
    await redis.kill();
    await rm(join(redis.folder, 'appendonlydir'), { recursive: true });
    await redis.start();
    expect(await redis.command('GET', 'kept')).toBeNull();
  });

  test('replies only after a freeze has been thawed', async () => {
    const redis = await start();
    redis.freeze();
    const answer = redis.command('PING');
    expect(await Promise.race([answer, once(AbortSignal.timeout(200), 'abort')])).not.toBe('PONG');
    redis.thaw();
    expect(await answer).toBe('PONG');
  });

  test('can be reached over TLS with a password, by its URL', async () => {
    const redis = await start({ password: 'p@ss', tls: { certificate: CERTIFICATE, key: KEY } });
    expect(redis.url).toBe(`rediss://:p%40ss@127.0.0.1:${redis.port}`);
    expect(await redis.command('PING')).toBe('PONG');
  });

  test('rejects with its log if it cannot start', async () => {
    await expect(startRedis({ args: ['--no-such-setting', '1'] })).rejects.toThrow(
      /no-such-setting/,
    );
  });

  test('leaves no folder after it is stopped', async () => {
    const redis = await startRedis();
    await redis.stop();
    expect(existsSync(redis.folder)).toBe(false);
  });

  test('ends with the process that started it, even if that one is killed', async () => {
    const script = `
      import { startRedis } from ${JSON.stringify(SERVERS)};
      const { pid, folder, freeze } = await startRedis();
      freeze();
      console.log(JSON.stringify({ pid, folder }));
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { pid, folder } = JSON.parse(await text(child.stdout)) as { pid: number; folder: string };
    expect(await eventually(() => !lives(pid))).toBe(true);
    expect(await eventually(() => !existsSync(folder))).toBe(true);
  });
});

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
