import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { askList, listBytes, ONLY_IF_CACHED, saveList } from '../support/lists.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const LARGE = listBytes(...Array.from({ length: 10_000 }, (_, i) => `wxid_${i.toString(36)}朋友`));

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
  await saveList(gateway, 'wx_large', LARGE);
  await saveList(gateway, 'wx_small', listBytes('ann'));
});
afterAll(() => gateway.stop());

const accepting = (encoding: string) => ({ 'Accept-Encoding': encoding });

test.each([
  ['br', brotliDecompressSync],
  ['gzip', gunzipSync],
  ['zstd', zstdDecompressSync],
] as const)(
  'a list of 10,000 friends is compressed with %s, live and saved',
  async (encoding, decode) => {
    for (const from of [{}, ONLY_IF_CACHED]) {
      const { headers, body } = await askList(gateway, 'wx_large', {
        ...accepting(encoding),
        ...from,
      });
      expect(headers['content-encoding']).toBe(encoding);
      expect(headers['content-length']).toBe(String(body.length));
      expect(headers.vary).toMatch(/(?:^|, )Accept-Encoding(?:,|$)/);
      expect(body.length).toBeLessThan(LARGE.length / 2);
      expect(decode(body).toString()).toBe(LARGE);
    }
  },
);

test.each(['', 'identity', 'deflate', 'br;q=0', 'gzip;q=0, identity', 'nonsense/;=', '*;q=0'])(
  'a large list is not compressed for Accept-Encoding: %j',
  async (encoding) => {
    const { status, headers, body } = await askList(gateway, 'wx_large', accepting(encoding));
    expect(status).toBe(200);
    expect(headers).not.toHaveProperty('content-encoding');
    expect(headers.vary).toContain('Accept-Encoding');
    expect(body.toString()).toBe(LARGE);
  },
);

test('a large list is not compressed without Accept-Encoding', async () => {
  const { headers, body } = await askList(gateway, 'wx_large');
  expect(headers).not.toHaveProperty('content-encoding');
  expect(headers.vary).toContain('Accept-Encoding');
  expect(body.toString()).toBe(LARGE);
});

test.each([
  ['gzip;q=0.5, br;q=0.9', 'br'],
  ['br;q=0.1, gzip', 'gzip'],
  ['*', 'br'],
  ['br;q=0, *', 'zstd'],
])(
  'the encoding with the highest weight in Accept-Encoding %j is used',
  async (header, encoding) => {
    const { headers } = await askList(gateway, 'wx_large', accepting(header));
    expect(headers['content-encoding']).toBe(encoding);
  },
);

test('a small list is not compressed', async () => {
  const { headers, body } = await askList(gateway, 'wx_small', accepting('br, gzip, zstd'));
  expect(headers).not.toHaveProperty('content-encoding');
  expect(headers.vary).toContain('Accept-Encoding');
  expect(body.toString()).toBe(listBytes('ann'));
});
