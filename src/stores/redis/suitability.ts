import type { StoreWarning } from '../stores.ts';
import { isAnswer } from './connection.ts';
import type { RedisServer } from './server.ts';

/** Warnings of settings that may forget quotas, by the answer to INFO (sections memory and persistence). */
export function unsuitableIn(info: string): StoreWarning[] {
  const fields = new Map(
    info.split('\r\n').map((line) => line.split(':', 2) as [string, string | undefined]),
  );
  const warnings: StoreWarning[] = [];
  const policy = fields.get('maxmemory_policy');
  // Even without a memory limit: one command sets one later.
  if (policy !== undefined && policy !== 'noeviction') warnings.push('store-may-evict');
  if (fields.get('aof_enabled') === '0') warnings.push('store-forgets-on-restart');
  return warnings;
}

/** How often Redis is asked, beside whenever it answers again. */
const LOOK_EVERY_MS = 5_000;

/** Watches the settings of Redis. `onWarning` gets each new warning. */
export function watchSuitability(
  server: RedisServer,
  onWarning: (warning: StoreWarning) => void,
): { current(): readonly StoreWarning[]; stop(): void } {
  let warnings: readonly StoreWarning[] = [];

  async function look(): Promise<void> {
    const before = warnings;
    warnings = await server
      .info()
      .then(unsuitableIn, (error: unknown): readonly StoreWarning[] =>
        isAnswer(error) ? ['store-does-not-tell'] : before,
      );
    for (const warning of warnings) if (!before.includes(warning)) onWarning(warning);
  }
  const lookQuietly = () => void look().catch(() => undefined);

  server.onReturn(lookQuietly);
  const timer = setInterval(lookQuietly, LOOK_EVERY_MS);
  return { current: () => warnings, stop: () => clearInterval(timer) };
}
