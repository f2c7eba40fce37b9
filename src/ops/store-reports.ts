import type { Clock } from '../time.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import { createOutages, throttled } from './repeats.ts';

type StoreWarning =
  | 'store-may-evict'
  | 'store-forgets-on-restart'
  | 'store-does-not-tell'
  | 'quotas-blocked-after-restore';
const STORE_WARNINGS: Readonly<Record<StoreWarning, string>> = {
  'store-does-not-tell':
    'Redis does not let this user ask whether it evicts or forgets; allow INFO, or see to maxmemory-policy noeviction and appendonly yes',
  'store-may-evict':
    'Redis may evict what was charged when it is full; set maxmemory-policy to noeviction',
  'store-forgets-on-restart':
    'Redis keeps no append-only file: what was charged is forgotten when it restarts; set appendonly to yes',
  'quotas-blocked-after-restore':
    'the store was restored from a backup: what was charged after the backup is not known, so every quota of addContacts counts as used up',
};

/** A store that fails does so at every call, and its log may stand on the same full disk. Metrics count each time. */
const STORE_ERROR_EVERY_MS = 10_000;

/** Turns what happens to the stores into log lines and metrics. */
export function reportStores(logger: Logger, metrics: Metrics, clock: Clock) {
  const outages = createOutages(clock, {
    begin: (err, leftOut) =>
      logger.error(
        { err, leftOut },
        'the store is away or takes no writes; saved lists come from memory, addContacts is refused',
      ),
    end: () => logger.info('the store is back'),
  });
  const failed = (store: Parameters<Metrics['storeError']>[0], msg: string) => {
    const tell = throttled(clock, STORE_ERROR_EVERY_MS, (err: unknown, heldBack) =>
      logger.error({ err, heldBack }, msg),
    );
    // Each of them says again what was said when it went away.
    return (err: unknown): void => {
      metrics.storeError(store);
      if (!outages.isNow()) tell(err);
    };
  };

  return {
    listStoreFailed: failed('lists', 'the store of lists failed'),
    quotaStoreFailed: failed('quotas', 'the store of quotas failed; addContacts is refused'),
    sessionStoreFailed: failed('sessions', 'the store of sessions failed'),
    historyStoreFailed: failed('history', 'the store of the journal and the counts failed'),
    issuerStoreFailed: failed(
      'issuers',
      "the store of issuers' keys failed; a restart while a provider is down would lose them",
    ),
    store: {
      onAway: outages.begin,
      onBack: outages.end,
      onWarning(what: StoreWarning, until?: number): void {
        const ends = until === undefined ? {} : { until: new Date(until).toISOString() };
        logger.warn({ what, ...ends }, STORE_WARNINGS[what]);
      },
    },
  };
}
