import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { encoded, ENCODINGS, isWorthCompressing } from '../../../src/contacts-list/encodings.ts';

const DECODERS = { br: brotliDecompressSync, zstd: zstdDecompressSync, gzip: gunzipSync };

test.each(ENCODINGS)('a list is compressed with %s once, however many ask', async (encoding) => {
  const body = Buffer.from('朋友,'.repeat(5000));
  const [first, second] = await Promise.all([encoded(body, encoding), encoded(body, encoding)]);
  expect(second).toBe(first);
  expect(await encoded(body, encoding)).toBe(first);
  expect(DECODERS[encoding](first).equals(body)).toBe(true);
});

test('the encodings of one list, and the lists, are kept apart', async () => {
  const [one, other] = [Buffer.alloc(5000, 'a'), Buffer.alloc(5000, 'a')];
  expect(await encoded(one, 'br')).not.toBe(await encoded(one, 'gzip'));
  expect(await encoded(one, 'br')).not.toBe(await encoded(other, 'br'));
});

test('a list that fits in a few packets is not worth it', () => {
  expect(isWorthCompressing(Buffer.alloc(4095))).toBe(false);
  expect(isWorthCompressing(Buffer.alloc(4096))).toBe(true);
});
