import { schemeOf, sqlitePath } from './open.ts';
import { StoreCommandError } from './stores.ts';
import type { CopyEngine, CopySource, CopyTarget } from './transfer.ts';

/** The store at `url`, to be copied. Rejects with a StoreOpenError or a StoreCommandError. */
export async function openCopySource(url: string): Promise<CopySource> {
  const { engine, place } = await engineOf(url);
  return engine.openSource(place);
}

/** The store at `url`, which must be empty. Rejects with a StoreOpenError or a StoreCommandError. */
export async function openCopyTarget(url: string): Promise<CopyTarget> {
  const { engine, place } = await engineOf(url);
  return engine.openTarget(place);
}

async function engineOf(
  url: string,
): Promise<{ readonly engine: CopyEngine; readonly place: string }> {
  const { scheme, rest } = schemeOf(url);
  switch (scheme) {
    case 'sqlite':
      return { engine: await import('./sqlite/transfer.ts'), place: sqlitePath(rest) };
    case 'redis':
    case 'rediss':
      return { engine: await import('./redis/transfer.ts'), place: url };
    default:
      throw new StoreCommandError(
        'A store in memory cannot be copied',
        'Use sqlite:PATH or redis://…',
      );
  }
}
