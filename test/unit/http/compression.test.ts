import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { encoded, isWorthCompressing } from '../../../src/http/compression.ts';

const DECODERS = { br: brotliDecompressSync, zstd: zstdDecompressSync, gzip: gunzipSync };

test.each(['br', 'zstd', 'gzip'] as const)(
  'a list is compressed with %s once for all callers',
  async (encoding) => {
    const body = Buffer.from('朋友,'.repeat(5000));
    const [first, second] = await Promise.all([encoded(body, encoding), encoded(body, encoding)]);
    expect(second).toBe(first);
    expect(await encoded(body, encoding)).toBe(first);
    expect(DECODERS[encoding](first as Buffer).equals(body)).toBe(true);
  },
);

test('different encodings and different lists are compressed separately', async () => {
  const [one, other] = [Buffer.alloc(5000, 'a'), Buffer.alloc(5000, 'a')];
  expect(await encoded(one, 'br')).not.toBe(await encoded(one, 'gzip'));
  expect(await encoded(one, 'br')).not.toBe(await encoded(other, 'br'));
});

test('while too many lists are waiting for compression, an existing compressed form is still returned', async () => {
  const known = Buffer.alloc(5000, 'a');
  const form = await encoded(known, 'gzip');
  const waiting = Array.from({ length: 40 }, async () => encoded(Buffer.alloc(5000, 'b'), 'gzip'));
  expect(encoded(Buffer.alloc(5000, 'c'), 'gzip')).toBeUndefined();
  expect(await encoded(known, 'gzip')).toBe(form);
  expect(encoded(known, 'br')).toBeUndefined();
  await Promise.all(waiting);
  expect(await encoded(known, 'br')).toBeDefined();
});

test('a list that fits into a few packets is not compressed', () => {
  expect(isWorthCompressing(Buffer.alloc(4095))).toBe(false);
  expect(isWorthCompressing(Buffer.alloc(4096))).toBe(true);
});

test('while many lists are compressed, files can be read and names resolved', async () => {
  const ended: string[] = [];
  // They compress so well that each occupies its thread until it is done.
  const lists = Array.from({ length: 16 }, () => Buffer.alloc(16_000_000, 'wxid_0123456789'));
  const compressing = lists.map(async (list) => {
    await encoded(list, 'br');
    ended.push('compressed');
  });
  await readFile(fileURLToPath(import.meta.url));
  ended.push('read');
  await Promise.all(compressing);

  expect(ended).toHaveLength(17);
  // Reading takes a few turns of the loop, in each of which two may end. If all threads were busy, it would come after
  // twelve.
  expect(ended.indexOf('read')).toBeLessThan(12);
});
