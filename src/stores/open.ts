import { resolve } from 'node:path';

import { openMemoryStores } from './memory/memory-stores.ts';
import { openSqliteStores } from './sqlite/sqlite-stores.ts';
import { StoreOpenError } from './store-open-error.ts';
import type { Stores } from './stores.ts';

/**
 * Opens the engine that `url` names: `memory:`, or `sqlite:PATH` with a path that is absolute or relative to the
 * working directory. Rejects with a StoreOpenError, which never repeats a user or a password of the URL.
 */
export async function openStores(url: string): Promise<Stores> {
  const colon = url.indexOf(':');
  const scheme = url.slice(0, Math.max(0, colon)).toLowerCase();
  const rest = url.slice(colon + 1);
  switch (scheme) {
    case 'memory':
      if (rest !== '') {
        throw new StoreOpenError('memory:', 'something stands after the colon', 'Use `memory:`');
      }
      return openMemoryStores();
    case 'sqlite':
      return openSqliteStores(sqlitePath(rest));
    case 'redis':
    case 'rediss':
      throw new StoreOpenError(
        `${scheme}://…`,
        'this version has no Redis store yet',
        'Use `sqlite:PATH` and run one gateway',
      );
    default:
      throw new StoreOpenError('URL', 'its kind is not known', 'Use `sqlite:PATH` or `memory:`');
  }
}

function sqlitePath(path: string): string {
  if (path === '') {
    throw new StoreOpenError('sqlite:', 'there is no path', 'Use for example `sqlite:data/x.db`');
  }
  // SQLite's own word for "nowhere"; as a path it would quietly become a file of this name.
  if (path === ':memory:') {
    throw new StoreOpenError('sqlite::memory:', 'this is not a path', 'Use `memory:`');
  }
  return resolve(path);
}
