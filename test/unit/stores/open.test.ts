import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { openStores } from '../../../src/stores/open.ts';
import { StoreOpenError } from '../../../src/stores/stores.ts';
import { NO_EVENTS } from '../../support/stores-under-test.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const OPTIONS = { clock: undefined, listMemoryBytes: 0, events: NO_EVENTS };

describe('openStores', () => {
  test('given `memory:`, opens stores that work', async () => {
    const stores = await openStores('memory:', OPTIONS);
    await stores.check();
    await stores.close();
  });

  test('given `sqlite:` and a path from the working directory, opens that file', async () => {
    const folder = await temporaryFolder();
    const path = join(folder.path, 'data', 'gateway.db');
    const stores = await openStores(`sqlite:${relative(process.cwd(), path)}`, OPTIONS);
    await stores.check();
    expect(existsSync(path)).toBe(true);
    await stores.close();
    await folder.remove();
  });

  test('given `sqlite:` and an absolute path, opens that file', async () => {
    const folder = await temporaryFolder();
    const stores = await openStores(`sqlite:${folder.path}/gateway.db`, OPTIONS);
    expect(existsSync(`${folder.path}/gateway.db`)).toBe(true);
    await stores.close();
    await folder.remove();
  });

  test.each([
    ['sqlite:', /no path/],
    ['sqlite::memory:', /Use `memory:`/],
    ['memory:x', /after the colon/],
    ['data/gateway.db', /not known/],
    ['', /not known/],
    ['postgres://localhost/x', /not known/],
    ['sqlite:nul\0byte', /null bytes/],
  ])('given %j, rejects with a StoreOpenError that names the problem', async (url, words) => {
    const opening = openStores(url, OPTIONS);
    await expect(opening).rejects.toThrow(StoreOpenError);
    await expect(opening).rejects.toThrow(words);
  });

  test.each(['postgres://joe:hunter2@db/x', 'joe:hunter2@cache', 'hunter2:x', 'memory:hunter2'])(
    'given %j, never repeats the password',
    async (url) => {
      const error: unknown = await openStores(url, OPTIONS).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreOpenError);
      expect((error as StoreOpenError).message).not.toMatch(/hunter2|joe/);
      expect((error as StoreOpenError).cause).toBeUndefined();
    },
  );
});
