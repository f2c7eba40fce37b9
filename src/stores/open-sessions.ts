import type { SessionStore } from '../auth/ports.ts';
import { systemClock, type Clock } from '../time.ts';
import { openStores, schemeOf, sqlitePath } from './open.ts';
import { StoreOpenError } from './stores.ts';

interface OpenSessions {
  readonly sessions: SessionStore;
  /** The time of the gateways on the store. */
  readonly clock: Pick<Clock, 'now'>;
  close(): Promise<void>;
}

/**
 * The sessions of a store that gateways may be using now, for a command. Rejects with a StoreOpenError.
 *
 * @param url as `STORE_URL`
 */
export async function openSessionsBeside(url: string): Promise<OpenSessions> {
  const { scheme, rest } = schemeOf(url);
  if (scheme === 'memory') {
    throw new StoreOpenError(
      'memory:',
      'its signing key is in the memory of the gateway',
      'Restart the gateway: it then has a new one',
    );
  }
  if (scheme === 'sqlite') {
    const { openBeside } = await import('./sqlite/beside.ts');
    const { sqliteSessions } = await import('./sqlite/sessions.ts');
    const { inTransaction } = await import('./sqlite/transaction.ts');
    const db = openBeside(sqlitePath(rest));
    const write = async <T>(work: () => T) => inTransaction(db, work);
    const sessions = sqliteSessions(db, { write });
    return { sessions, clock: systemClock, close: async () => db.close() };
  }
  const events = { onAway: () => {}, onBack: () => {}, onWarning: () => {} };
  const stores = await openStores(url, { clock: undefined, listMemoryBytes: 1, events });
  return { sessions: stores.sessions, clock: stores.clock, close: () => stores.close() };
}
