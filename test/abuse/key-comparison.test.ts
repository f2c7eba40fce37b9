/**
 * How long a comparison takes tells nothing about a key. Two things together make it so: what is compared are SHA-256
 * hashes, whose characters a caller cannot choose one after the other, and every known hash is compared in constant
 * time, whether or not one has matched. Timing single characters would be lost in the noise of a network, so this looks
 * at the code where it has to, and at time only where a broken comparison is off by orders of magnitude.
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

  /** The shortest of several, so that a pause of the machine does not count. */
  function millisecondsToFind(key: string): number {
    const times = Array.from({ length: 15 }, () => {
      const start = performance.now();
      directory.find(key);
      return performance.now() - start;
    });
    return Math.min(...times);
  }

  test('takes as long for its first key as for its last and for none', () => {
    millisecondsToFind('warm-up');
    const forAll = millisecondsToFind('nobody');

    // One that stops at a match is thousands of times faster at the first; one by a Map for all of them.
    expect(millisecondsToFind(keyOf(0))).toBeGreaterThan(forAll / 5);
    expect(millisecondsToFind(keyOf(MANY - 1))).toBeGreaterThan(forAll / 5);
    expect(forAll).toBeGreaterThan(MANY / 1_000_000);
  });

  test('finds by the key alone: not by its hash, a part of it, or another case', () => {
    const key = keyOf(7);
    expect(directory.find(key)?.name).toBe('c7');
    const wrong = [hashKey(key), `sha256:${hashKey(key)}`, key.slice(0, -1), key.toUpperCase(), ''];
    for (const other of [...wrong, `${key} `, `${key}\u0000`]) {
      expect(directory.find(other)).toBeUndefined();
    }
  });
});

test('the clients file holds hashes, and a key in clear is not taken, nor repeated', () => {
  const inClear = 'key-in-clear-5f1c';
  const parsed = parseClients(`clients: { crm: { keys: ["${inClear}"] } }`, 'clients.yaml', 60);

  expect(parsed).toHaveProperty('problems');
  expect(JSON.stringify(parsed)).not.toContain(inClear);
});

describe('in the source', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ name, code: readFileSync(join(SRC, name), 'utf8') }));
  const codeOf = (name: string) => files.find((file) => file.name === name)?.code ?? '';

  test('what a caller shows as a secret is compared in two files, by timingSafeEqual of two hashes', () => {
    const comparing = files.filter(({ code }) => code.includes('timingSafeEqual('));
    expect(comparing.map(({ name }) => name).sort()).toEqual([
      'ops/authenticate-ops.ts',
      'settings/clients.ts',
    ]);
    expect(codeOf('ops/authenticate-ops.ts')).toMatch(/timingSafeEqual\(hash\(shown\), expected\)/);
    expect(codeOf('settings/clients.ts')).toMatch(/timingSafeEqual\(hash, shown\)/);
  });

  test('the search for a client does not end at the one that matches', () => {
    const find = /find\(key\) \{\n(.*?)\n {4}\},/s.exec(codeOf('settings/clients.ts'))?.[1] ?? '';
    expect(find).toContain("createHash('sha256').update(key)");
    expect(find.match(/\breturn\b/g)).toEqual(['return']);
    expect(find).toMatch(/return found;$/);
    expect(find).not.toMatch(/\bbreak\b|[!=]==|\.(?:find|some|get|has|includes|equals|compare)\(/);
  });

  test('nothing that was shown is compared by an operator, but with nothing', () => {
    const compared = /\b(?:shown(?:\.key)?|opsToken) *[!=]==(?! undefined)/;
    const comparing = files.filter(({ code }) => compared.test(code));
    expect(comparing.map(({ name }) => name)).toEqual([]);
  });
});
