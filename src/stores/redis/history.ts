import type { HistoryStore } from '../../history/ports.ts';
import { pruneActions, redisActions } from './actions.ts';
import { pruneActivity, redisActivity } from './activity.ts';
import { redisClientCounts } from './client-counts.ts';
import { fetchesKey, redisFetches } from './fetches.ts';
import { pruneJournal, redisJournal } from './journal.ts';
import type { PendingWrites } from './pending-writes.ts';
import { PRUNED_AT_ONCE } from './prune-oldest.ts';
import type { RedisServer } from './server.ts';

/** Counts of clients expire by themselves; the rest is pruned. */
export function redisHistory(server: RedisServer, pending: PendingWrites): HistoryStore {
  return {
    ...redisJournal(server, pending),
    ...redisActions(server, pending),
    ...redisFetches(server, pending),
    ...redisActivity(server),
    ...redisClientCounts(server, pending),
    async prune(limits) {
      const { before } = limits;
      await pruneActivity(server, before, { atOnce: PRUNED_AT_ONCE, keyOf: fetchesKey });
      return (await pruneJournal(server, limits)) + (await pruneActions(server, limits));
    },
  };
}
