import { resolve } from 'node:path';

import { systemClock, type Clock } from '../time.ts';
import { openMemoryStores } from './memory.ts';
import { StoreOpenError, type StoreEvents, type Stores } from './stores.ts';

interface StoreOptions {
  /** Instead of the engine's own time. */
  readonly clock: Clock | undefined;
  /** How many bytes of saved lists this process keeps in memory. */
  readonly listMemoryBytes: number;
  readonly events: StoreEvents;
}

/**
 * Opens the engine that `url` names: `memory:`, `sqlite:PATH` with a path that is absolute or relative to the working
 * directory, `redis://…` or `rediss://…`. Rejects with a StoreOpenError, which never repeats a user or a password of the
 * URL. An engine is loaded only if it is used: the client for Redis alone takes 20 MB and a tenth of a second.
 */
export async function openStores(
  url: string,
  { clock, listMemoryBytes, events }: StoreOptions,
): Promise<Stores> {
  const { scheme, rest } = schemeOf(url);
  switch (scheme) {
    case 'memory':
      if (rest !== '') {
        throw new StoreOpenError('memory:', 'something stands after the colon', 'Use `memory:`');
      }
      return openMemoryStores(clock ?? systemClock, listMemoryBytes);
    case 'sqlite': {
      const { openSqliteStores } = await import('./sqlite/sqlite-stores.ts');
      return openSqliteStores(sqlitePath(rest), clock ?? systemClock, listMemoryBytes, events);
    }
    case 'redis':
    case 'rediss': {
      const { openRedisStores } = await import('./redis/redis-stores.ts');
      return openRedisStores(url, clock, listMemoryBytes, events);
    }
    default:
      throw new StoreOpenError(
        'URL',
        'its kind is not known',
        'Use `sqlite:PATH`, `redis://…` or `memory:`',
      );
  }
}

export function schemeOf(url: string): { readonly scheme: string; readonly rest: string } {
  const colon = url.indexOf(':');
  return { scheme: url.slice(0, Math.max(0, colon)).toLowerCase(), rest: url.slice(colon + 1) };
}

/** The absolute path that `sqlite:PATH` names. Throws a StoreOpenError if it names none. */
export function sqlitePath(path: string): string {
  if (path === '') {
    throw new StoreOpenError('sqlite:', 'there is no path', 'Use for example `sqlite:data/x.db`');
  }
  // SQLite's own word for "nowhere"; as a path it would quietly become a file of this name.
  if (path === ':memory:') {
    throw new StoreOpenError('sqlite::memory:', 'this is not a path', 'Use `memory:`');
  }
  return resolve(path);
}
