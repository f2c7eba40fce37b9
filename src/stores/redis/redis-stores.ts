import type { Clock } from '../../time.ts';
import type { StoreEvents, Stores } from '../stores.ts';
import { redisAccounts } from './accounts.ts';
import { redisBreakerState } from './breaker-state.ts';
import { redisClientRate } from './client-rate.ts';
import { redisHistory } from './history.ts';
import { redisIdempotency } from './idempotency.ts';
import { redisIssuerKeys } from './issuer-keys.ts';
import { redisLedger } from './ledger.ts';
import { keepCopies } from './list-copies.ts';
import { indexOlderLists, redisListIndex } from './list-index.ts';
import { storedLists } from './lists.ts';
import { createPendingWrites } from './pending-writes.ts';
import { openPubSub } from './pubsub.ts';
import { openRedis } from './server.ts';
import { watchSuitability } from './suitability.ts';
import { redisLeases } from './leases.ts';
import { redisSessions } from './sessions.ts';

/**
 * Stores in one Redis or Valkey for any number of gateways. The gateway starts even if Redis is away: until it answers,
 * lists are served without it and quotas wait.
 *
 * @param url `redis://` or `rediss://`, optionally with user, password and number of the database
 * @param clock replaces the server's time
 */
export async function openRedisStores(
  url: string,
  clock: Clock | undefined,
  listMemoryBytes: number,
  events: StoreEvents,
): Promise<Stores> {
  const server = openRedis(url, clock, events);
  const pending = createPendingWrites();
  // Apart, so that thousands of lists neither displace refunds of charges nor come before them.
  const pendingLists = createPendingWrites();
  server.onReturn(pending.flush);
  server.onReturn(pendingLists.flush);
  server.onReturn(onceDone(() => indexOlderLists(server)));
  const pubsub = openPubSub(url, server);
  const suitability = watchSuitability(server, events.onWarning);
  const stores: Stores = {
    clock: server.clock,
    lists: keepCopies(storedLists(server, pubsub), listMemoryBytes, server.clock, pendingLists),
    listIndex: redisListIndex(server),
    history: redisHistory(server, pending),
    ledger: redisLedger(server, pending),
    accounts: redisAccounts(server),
    idempotency: redisIdempotency(server, pending),
    sessions: redisSessions(server),
    issuerKeys: redisIssuerKeys(server),
    leases: redisLeases(server, pubsub),
    breaker: redisBreakerState(server, pubsub),
    clientRate: redisClientRate(server),
    warnings: suitability.current,
    check: server.check,
    async close() {
      suitability.stop();
      await pending.close();
      await pendingLists.close();
      pubsub.close();
      await server.close();
    },
  };
  await server.tried;
  return stores;
}

/** Does the work at each call until it has been done. A failure is followed by another call. */
function onceDone(work: () => Promise<void>): () => void {
  let state: 'to-do' | 'under-way' | 'done' = 'to-do';
  return () => {
    if (state !== 'to-do') return;
    state = 'under-way';
    work().then(
      () => (state = 'done'),
      () => (state = 'to-do'),
    );
  };
}
