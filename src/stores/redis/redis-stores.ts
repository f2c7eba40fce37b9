import type { Clock } from '../../time.ts';
import type { StoreEvents, Stores } from '../stores.ts';
import { redisAccounts } from './accounts.ts';
import { redisBreakerState } from './breaker-state.ts';
import { redisClientRate } from './client-rate.ts';
import { redisIdempotency } from './idempotency.ts';
import { redisLedger } from './ledger.ts';
import { keepCopies } from './list-copies.ts';
import { storedLists } from './lists.ts';
import { subscribeToNews } from './news.ts';
import { createOwed } from './owed.ts';
import { openRedis } from './server.ts';
import { watchSuitability } from './suitability.ts';
import { redisTurns } from './turns.ts';

/**
 * Stores in one Redis or Valkey for any number of gateways. A Redis that is away is no reason not to start: until it answers, lists go
 * on without it and quotas wait.
 *
 * @param url `redis://` or `rediss://`, with user, password and number of the database where they are wanted
 * @param clock instead of the server's time
 */
export async function openRedisStores(
  url: string,
  clock: Clock | undefined,
  listMemoryBytes: number,
  events: StoreEvents,
): Promise<Stores> {
  const server = openRedis(url, clock, events);
  const owed = createOwed();
  // Apart, so that thousands of lists neither push out what was charged nor stand before it.
  const owedLists = createOwed();
  server.onReturn(owed.pay);
  server.onReturn(owedLists.pay);
  const news = subscribeToNews(url, server);
  const suitability = watchSuitability(server, events.onWarning);
  const stores: Stores = {
    clock: server.clock,
    lists: keepCopies(storedLists(server, news), listMemoryBytes, server.clock, owedLists),
    ledger: redisLedger(server, owed),
    accounts: redisAccounts(server),
    idempotency: redisIdempotency(server, owed),
    turns: redisTurns(server, news),
    breaker: redisBreakerState(server, news),
    clientRate: redisClientRate(server),
    warnings: suitability.current,
    check: server.check,
    async close() {
      suitability.stop();
      await owed.close();
      await owedLists.close();
      news.close();
      await server.close();
    },
  };
  await server.tried;
  return stores;
}
