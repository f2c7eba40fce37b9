/**
 * The time to check a key reveals nothing about the known keys. A key is hashed with SHA-256 before its lookup, so
 * callers cannot approach a known digest byte by byte, and a refused key is never stored. The time for single
 * characters would be lost in network noise, so this test checks the source code, and measures only differences of
 * orders of magnitude.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { createClientDirectory, hashKey, parseClients } from '../../src/settings/clients.ts';
import { budget } from '../support/budget.ts';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

describe('a directory of clients', () => {
  const MANY = budget(20_000, 200_000);
  const keyOf = (index: number) => `gwk_${index}`;
  const clients = Object.fromEntries(
    Array.from({ length: MANY }, (_, i) => [`c${i}`, hashKey(keyOf(i))]),
  );
  const directory = createClientDirectory(
    Object.entries(clients).map(([name, hash]) => ({
      client: {
        name,
        appIds: ['*'],
        operations: ['all'],
        requestsPerMinute: 1,
        errors: undefined,
        origins: [],
      },
      keyHashes: [hash],
    })),
  );

  /** The minimum of several measurements, so that a pause of the machine has no effect. Each key is looked up once. */
  function millisecondsToFind(keys: readonly string[]): number {
    const times = keys.map((key) => {
      const start = performance.now();
      directory.find(key);
      return performance.now() - start;
    });
    return Math.min(...times);
  }

  test('takes about the same time for the first key, the last key, an almost right key and a wrong key', () => {
    const some = Array.from({ length: 100 }, (_, index) => index);
    millisecondsToFind(some.map((index) => `warm-up-${index}`));
    const times = {
      first: millisecondsToFind(some.map(keyOf)),
      last: millisecondsToFind(some.map((index) => keyOf(MANY - 1 - index))),
      almost: millisecondsToFind(some.map((index) => `${keyOf(index)}_`)),
      none: millisecondsToFind(some.map((index) => `nobody-${index}`)),
    };

    // A scan that stops at a match is thousands of times faster for the first.
    expect(Math.max(...Object.values(times))).toBeLessThan(20 * Math.min(...Object.values(times)));
  });

  test("finds a client by its key only: not by the key's hash, a part of the key, or the key in another case", () => {
    const key = keyOf(7);
    expect(directory.find(key)?.name).toBe('c7');
    const wrong = [hashKey(key), `sha256:${hashKey(key)}`, key.slice(0, -1), key.toUpperCase(), ''];
    for (const other of [...wrong, `${key} `, `${key}\u0000`]) {
      expect(directory.find(other)).toBeUndefined();
    }
  });
});

test('the clients file holds hashes; a plain key in it is refused and not repeated', () => {
  const inClear = 'key-in-clear-5f1c';
  const parsed = parseClients(`clients: { crm: { keys: ["${inClear}"] } }`, 'clients.yaml', 60);

  expect(parsed).toHaveProperty('problems');
  expect(JSON.stringify(parsed)).not.toContain(inClear);
});

describe('in the source code', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ name, code: readFileSync(join(SRC, name), 'utf8') }));
  const codeOf = (name: string) => files.find((file) => file.name === name)?.code ?? '';

  test('a secret from a caller is compared in one file, with timingSafeEqual on two hashes', () => {
    const comparing = files.filter(({ code }) => code.includes('timingSafeEqual('));
    expect(comparing.map(({ name }) => name)).toEqual(['ops/access/ops-key.ts']);
    expect(codeOf('ops/access/ops-key.ts')).toMatch(/timingSafeEqual\(hash\(\w+\), expected\)/);
  });

  test('a client is looked up by the digest of its key, and a key is kept only after it was accepted', () => {
    const find = /find\(shown\) \{\n(.*?)\n {4}\},/s.exec(codeOf('settings/clients.ts'))?.[1] ?? '';
    const uses = find.split('\n').filter((line) => line.includes('shown'));
    expect(uses.map((line) => line.trim())).toEqual([
      'const known = accepted.get(shown);',
      'const found = byDigest.get(hashKey(shown));',
      'if (found !== undefined) accepted.set(shown, found);',
    ]);
    expect(codeOf('settings/clients.ts')).toContain("createHash('sha256').update(key)");
  });

  test('a credential from a request is compared by an operator with undefined only', () => {
    const compared = /\b(?:shown(?:\.key)?|opsToken) *[!=]==(?! undefined)/;
    const comparing = files.filter(({ code }) => compared.test(code));
    expect(comparing.map(({ name }) => name)).toEqual([]);
  });
});
