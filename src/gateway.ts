/** The composition root: the one place that opens and constructs parts. */
import type { Express } from 'express';
import { createAccounts } from './add-contacts/accounts.ts';
import { createAddService } from './add-contacts/add-service.ts';
import { createIdempotency } from './add-contacts/idempotency.ts';
import { createApp } from './app.ts';
import { systemClock, type Clock } from './time.ts';
import { createBreaker } from './contacts-list/breaker.ts';
import { createListService } from './contacts-list/list-service.ts';
import { createClient } from './gewe/client.ts';
import type { Connecting } from './gewe/connecting.ts';
import { createUpstream, type Upstream } from './gewe/upstream.ts';
import { requestIdOf } from './http/request-scope.ts';
import { listening } from './listen-error.ts';
import { createListener, PATIENCE } from './listener/listener.ts';
import { createHealth } from './ops/health.ts';
import type { Logger } from './ops/log.ts';
import type { Metrics } from './ops/metrics.ts';
import { createOpsApp } from './ops/ops-app.ts';
import { createPending } from './pending.ts';
import { anonymousClient } from './settings/client.ts';
import type { Loaded } from './settings/load.ts';
import { openStores } from './stores/open.ts';
import { orUnavailable } from './stores/or-unavailable.ts';
import type { Stores } from './stores/stores.ts';
import { openSecrets } from './open-secrets.ts';
import { shutDown } from './shut-down.ts';

/** What a test may put in the place of the real thing. */
export interface Overrides {
  readonly clock?: Clock;
  readonly stores?: Stores;
  /** How the upstream is connected to. */
  readonly connecting?: Connecting;
  /** Where log lines go, instead of standard output. */
  readonly logTo?: { write(line: string): unknown };
}

export interface Gateway {
  readonly app: Express;
  readonly ops: Express;
  readonly logger: Logger;
  /** Writes what is left of the log, for a process that ends now. */
  flushLog(): void;
  readonly metrics: Metrics;
  /** Resolves to both addresses once both listeners take connections; rejects with a ListenError. */
  start(): Promise<{ readonly url: string; readonly opsUrl: string }>;
  /** Drains within `shutdownGraceMs`, then ends what is left. */
  stop(): Promise<void>;
}

/**
 * Puts the gateway together; nothing listens before `start()`. Rejects with a StoreOpenError where the store
 * cannot be opened.
 */
export async function createGateway(loaded: Loaded, overrides: Overrides = {}): Promise<Gateway> {
  const { settings, secrets } = loaded;
  const { geweTimeoutMs, clientRequestsPerMinute } = settings;
  let [draining, graceOver] = [false, false];

  const { scrubber, tokens, clients, logger, flushLog, metrics, report, watches } = openSecrets(
    loaded,
    {
      clock: overrides.clock ?? systemClock,
      logTo: overrides.logTo,
      listCallsUnderWay: () => listService.callsUnderWay(),
    },
  );

  // What is kept.
  const stores =
    overrides.stores ??
    (await openStores(settings.storeUrl, {
      clock: overrides.clock,
      listMemoryBytes: settings.list.memoryBytes,
      events: report.store,
    }));
  const { clock, lists, leases } = stores;
  const register = orUnavailable(stores.accounts, report.quotaStoreFailed);
  const ledger = orUnavailable(stores.ledger, report.quotaStoreFailed);
  const { check: checkStore } = orUnavailable(stores, report.quotaStoreFailed);

  // The upstream, and those who watch what becomes of its calls.
  const breaker = createBreaker(settings.breaker, clock, stores.breaker, report);
  const accounts = createAccounts({
    clocks: register,
    upstream: () => upstream,
    leases,
    clock,
    declared: settings.accounts,
    unknown: settings.addContacts.accountAge.unknown,
    timeoutMs: geweTimeoutMs,
  });
  const upstream: Upstream = createUpstream({
    client: createClient({ ...settings, connecting: overrides.connecting }),
    tokens,
    scrubber,
    clock,
    observers: [breaker.observe, accounts.observe, report.upstreamCall],
    onFault: report.fault,
  });

  // The two operations that the gateway answers for.
  const listService = createListService({
    upstream,
    lists,
    leases,
    breaker,
    clock,
    settings: settings.list,
    onStoreError: report.listStoreFailed,
    onShrunk: report.listShrunk,
    onCrowded: report.listCallsCrowded,
    onTurnedAway: metrics.listCallTurnedAway,
    onFault: report.fault,
  });
  const pending = createPending();
  const addService = createAddService({
    upstream,
    ledger,
    accounts,
    clock,
    policy: settings.addContacts,
    timeoutMs: geweTimeoutMs,
    checkStore,
    onWarning: report.addWarning,
  });
  const idempotency = createIdempotency(
    orUnavailable(stores.idempotency, report.quotaStoreFailed),
    clock,
    // Before the call comes the question whether the account is online, which is shorter.
    2 * geweTimeoutMs,
  );

  const health = createHealth({
    clock,
    checkStore: () => stores.check(),
    storeWarnings: () => stores.warnings(),
    isTokenRejected: () => tokens.isRejected(),
    isDraining: () => draining,
    onStoreError: report.quotaStoreFailed,
  });
  const app = createApp({
    ...settings,
    clock,
    scrubber,
    clients,
    anonymous: settings.auth === 'none' ? anonymousClient(clientRequestsPerMinute) : undefined,
    clientRate: stores.clientRate,
    upstream,
    listService,
    addService,
    idempotency,
    pending,
    health,
    isGraceOver: () => graceOver,
    onRequest: report.request,
  });
  const ops = createOpsApp({
    clock,
    scrubber,
    opsToken: secrets.opsToken,
    health,
    metrics,
    register,
    accounts,
    addService,
    policy: settings.addContacts,
    declared: settings.accounts,
    lists: orUnavailable(lists, report.listStoreFailed),
    onRequest: report.opsRequest,
    onChange: report.adminChange,
  });

  const listener = createListener(app, report.refusedUnread, PATIENCE, requestIdOf);
  const opsListener = createListener(ops, report.refusedUnread, PATIENCE, requestIdOf);

  return {
    app,
    ops,
    logger,
    flushLog,
    metrics,
    async start() {
      const url = await listening('client', listener.listen(settings.port, settings.host));
      const opsUrl = await listening('ops', opsListener.listen(settings.opsPort, settings.opsHost));
      return { url, opsUrl };
    },
    stop() {
      draining = true;
      return shutDown({
        listener,
        opsListener,
        listService,
        pending,
        upstream,
        leases,
        watches,
        stores,
        graceMs: settings.shutdownGraceMs,
        graceOver: () => void (graceOver = true),
      });
    },
  };
}
