/** The composition root: the one place that opens and constructs parts. */
import type { Express } from 'express';
import { createAccountViews } from './add-contacts/account-view.ts';
import { createAccounts } from './add-contacts/accounts.ts';
import { createAddService } from './add-contacts/add-service.ts';
import { createIdempotency } from './add-contacts/idempotency.ts';
import { createApp } from './app.ts';
import { createHistory } from './history/history.ts';
import { createIssuers, type Issuers } from './auth/issuers/issuers.ts';
import { systemClock, type Clock } from './time.ts';
import { createAuthenticator } from './auth/authenticator.ts';
import { createSessions } from './auth/sessions.ts';
import { createSigningKeys } from './auth/signing-keys.ts';
import { createBreaker } from './contacts-list/breaker.ts';
import { createSavedListFacts } from './contacts-list/list-facts.ts';
import { createListService } from './contacts-list/list-service.ts';
import { createClient, type Connecting } from './gewe/client.ts';
import { createUpstream, type Upstream } from './gewe/upstream.ts';
import { requestIdOf } from './http/request-scope.ts';
import { listening } from './listen-error.ts';
import { createListener, PATIENCE } from './listener/listener.ts';
import { createAccountChanges } from './ops/account-changes.ts';
import { createClientActivities } from './ops/client-activity.ts';
import { createAbout, type About } from './ops/about.ts';
import { createSignIns } from './ops/access/sign-ins.ts';
import { createHealth, type Health } from './ops/health.ts';
import type { Destination, Logger } from './ops/log.ts';
import type { Metrics } from './ops/metrics.ts';
import { createOpsApp } from './ops/ops-app.ts';
import { createSummaries } from './ops/overview/summaries.ts';
import { createStreams, type Streams } from './ops/page/streams.ts';
import { createRecent } from './ops/recent.ts';
import { createPending } from './pending.ts';
import { anonymousClient } from './settings/client.ts';
import type { Loaded } from './settings/load.ts';
import type { Settings } from './settings/settings.ts';
import { openStores } from './stores/open.ts';
import { orUnavailable, type Stores } from './stores/stores.ts';
import { openSecrets } from './open-secrets.ts';
import { shutDown } from './shut-down.ts';

/** What a test may put in the place of the real thing. */
export interface Overrides {
  readonly clock?: Clock;
  readonly stores?: Stores;
  /** How the upstream is connected to. */
  readonly connecting?: Connecting;
  /** Where log lines go, instead of standard output. */
  readonly logTo?: Destination;
}

export interface Gateway {
  readonly app: Express;
  readonly ops: Express;
  readonly logger: Logger;
  /** Writes what is left of the log, for a process that ends now. */
  flushLog(): void;
  readonly metrics: Metrics;
  readonly about: About;
  /** Resolves to both addresses once both listeners take connections; rejects with a ListenError. */
  start(): Promise<{ readonly url: string; readonly opsUrl: string }>;
  /** Drains within `shutdownGraceMs`, then ends what is left. */
  stop(): Promise<void>;
}

/**
 * Puts the gateway together; nothing listens before `start()`. Rejects with a StoreOpenError if the store cannot be
 * opened.
 */
export async function createGateway(loaded: Loaded, overrides: Overrides = {}): Promise<Gateway> {
  const { settings } = loaded;
  let [draining, graceOver] = [false, false];
  const clock = overrides.clock ?? systemClock;
  const opened = await openSecrets(loaded, {
    clock,
    logTo: overrides.logTo,
    listCallsUnderWay: () => services.listService.refreshesUnderWay(),
  });
  const { logger, flushLog, metrics, report, watches, instance } = opened;
  const kept = await openKept(settings, overrides, report);
  const calls = openUpstream(settings, overrides, opened, kept);
  const services = createServices(settings, opened, kept, calls);
  const authentication = createAuthentication(settings, opened, kept);
  const { issuers } = authentication;
  const health = createReadiness(opened, kept, calls, issuers, () => draining);
  const about = createAbout({
    loaded,
    scrub: opened.scrubber.text,
    instance: instance.name,
    clientNames: opened.clients.names,
    startedAt: clock.now(),
  });
  const streams = createStreams();
  const parts = { ...opened, ...kept, ...calls, ...services, health, about, streams };
  const app = createApp({
    ...settings,
    ...parts,
    ...authentication,
    clientRate: kept.stores.clientRate,
    isGraceOver: () => graceOver,
    onRequest(record) {
      report.request(record);
      calls.recent.request(record);
      if (record.client === undefined) return;
      const answered = record.status === undefined ? 'left' : 'ok';
      kept.history.counted(record.client, record.code ?? answered);
    },
  });
  const ops = createOps(loaded, opened, kept, { ...parts, ...authentication });
  const listener = createListener(app, report.refusedUnread, PATIENCE, requestIdOf);
  const opsListener = createListener(ops, report.refusedUnread, PATIENCE, requestIdOf);

  return {
    app,
    ops,
    logger,
    flushLog,
    metrics,
    about,
    async start() {
      const url = await listening('client', listener.listen(settings.port, settings.host));
      instance.listensOn(portOf(url));
      const opsUrl = await listening('ops', opsListener.listen(settings.opsPort, settings.opsHost));
      return { url, opsUrl };
    },
    stop() {
      draining = true;
      return shutDown({
        ...parts,
        listener,
        opsListener,
        watches,
        issuers,
        graceMs: settings.shutdownGraceMs,
        graceOver: () => void (graceOver = true),
      });
    },
  };
}

/** With `PORT=0`, only the listener knows it. A URL leaves out the port of its scheme. */
function portOf(url: string): number {
  const { port } = new URL(url);
  return port === '' ? 80 : Number(port);
}

type Opened = Awaited<ReturnType<typeof openSecrets>>;
type Kept = Awaited<ReturnType<typeof openKept>>;
type Calls = ReturnType<typeof openUpstream>;
type Authentication = ReturnType<typeof createAuthentication>;
type Services = ReturnType<typeof createServices>;

/** What must not be lost. Quotas that cannot be used refuse addContacts; lists only miss. */
async function openKept(settings: Settings, overrides: Overrides, report: Opened['report']) {
  const stores =
    overrides.stores ??
    (await openStores(settings.storeUrl, {
      clock: overrides.clock,
      listMemoryBytes: settings.list.memoryBytes,
      events: report.store,
    }));
  const history = createHistory({
    store: stores.history,
    clock: stores.clock,
    settings: settings.journal,
    onStoreError: report.historyStoreFailed,
  });
  return {
    stores,
    clock: stores.clock,
    lists: stores.lists,
    leases: stores.leases,
    register: orUnavailable(stores.accounts, report.quotaStoreFailed),
    ledger: orUnavailable(stores.ledger, report.quotaStoreFailed),
    idempotencyStore: orUnavailable(stores.idempotency, report.quotaStoreFailed),
    sessionStore: orUnavailable(stores.sessions, report.sessionStoreFailed),
    journal: {
      begin: orUnavailable(stores.history, report.quotaStoreFailed).begin,
      complete: history.complete,
    },
    history,
  };
}

/** The upstream, and the parts that learn from what becomes of its calls. */
function openUpstream(
  settings: Settings,
  { connecting }: Overrides,
  { tokens, scrubber, report }: Opened,
  { stores, clock, leases, register }: Kept,
) {
  const breaker = createBreaker(settings.breaker, clock, stores.breaker, report);
  const accounts = createAccounts({
    clocks: register,
    upstream: () => upstream,
    leases,
    clock,
    declared: settings.accounts,
    unknown: settings.addContacts.accountAge.unknown,
    timeoutMs: settings.geweTimeoutMs,
  });
  const recent = createRecent({ clock });
  const upstream: Upstream = createUpstream({
    client: createClient({ ...settings, connecting }),
    tokens,
    scrubber,
    clock,
    observers: [breaker.observe, accounts.observe, report.upstreamCall, recent.observe],
    onFault: report.fault,
  });
  return { breaker, accounts, upstream, recent };
}

/** Who calls: clients by their keys, front ends by sessions of clients or by tokens of an identity provider. */
function createAuthentication(
  { auth, clientRequestsPerMinute }: Settings,
  { clients, report }: Opened,
  { stores, clock, sessionStore }: Kept,
) {
  const anonymous = auth === 'none' ? anonymousClient(clientRequestsPerMinute) : undefined;
  const sessions = createSessions({
    store: sessionStore,
    signingKeys: createSigningKeys(sessionStore, clock),
    clients,
    clock,
  });
  const issuers = createIssuers({
    configured: clients,
    store: stores.issuerKeys,
    clock,
    events: report.issuers,
  });
  const authenticator = createAuthenticator({ clients, sessions, issuers, anonymous });
  return { anonymous, sessions, issuers, authenticator };
}

/** The two operations that the gateway answers for, and what it can say of accounts. */
function createServices(
  settings: Settings,
  { metrics, report }: Opened,
  { clock, lists, leases, register, ledger, idempotencyStore, journal, history }: Kept,
  { breaker, accounts, upstream }: Calls,
) {
  const { geweTimeoutMs } = settings;
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
    onFetched(fetch, isLate) {
      history.fetched(fetch);
      if (isLate) report.lateList(fetch);
    },
    onFault: report.fault,
  });
  const addService = createAddService({
    upstream,
    ledger,
    accounts,
    clock,
    policy: settings.addContacts,
    timeoutMs: geweTimeoutMs,
    journal,
    onJournalError: report.historyStoreFailed,
    onWarning: report.addWarning,
  });
  // checkOnline may come before the call, and is shorter.
  const idempotency = createIdempotency(idempotencyStore, clock, 2 * geweTimeoutMs);
  const accountViews = createAccountViews({
    clocks: register,
    ledger,
    clock,
    policy: settings.addContacts,
    declared: settings.accounts,
  });
  const savedListFacts = createSavedListFacts({ lists, onStoreError: report.listStoreFailed });
  const pending = createPending();
  return { listService, addService, idempotency, accountViews, savedListFacts, pending };
}

/** What probes are told. */
function createReadiness(
  { tokens, watchedFiles, report }: Opened,
  { clock, stores }: Kept,
  { breaker }: Calls,
  issuers: Issuers,
  isDraining: () => boolean,
): Health {
  return createHealth({
    clock,
    checkStore: () => stores.check(),
    storeWarnings: () => stores.warnings(),
    issuerWarnings: () => issuers.warnings().map(({ issuer, warning }) => `${warning}: ${issuer}`),
    isTokenRejected: () => tokens.isRejected(),
    isTokenAccepted: () => tokens.isAccepted(),
    watchedFiles,
    isBreakerOpen: () => breaker.down() !== undefined,
    isDraining,
    onStoreError: report.quotaStoreFailed,
  });
}

/** What the operator's app reads and changes. */
function createOperatorParts(
  settings: Settings,
  { clients, report }: Opened,
  { stores, clock, register, lists: savedLists, history: recorded }: Kept,
  { listService, anonymous }: Pick<Services, 'listService'> & Pick<Authentication, 'anonymous'>,
) {
  const lists = orUnavailable(savedLists, report.listStoreFailed);
  const listIndex = orUnavailable(stores.listIndex, report.listStoreFailed);
  const history = orUnavailable(recorded, report.historyStoreFailed);
  const changes = createAccountChanges({
    register,
    lists,
    listService,
    history,
    onChange: report.adminChange,
  });
  const clientActivities = createClientActivities({
    history,
    clock,
    configured: () => [...(anonymous ? [anonymous.name] : []), ...clients.names()],
  });
  const summaries = createSummaries({
    register,
    listIndex,
    history,
    declared: settings.accounts,
    unknown: settings.addContacts.accountAge.unknown,
    clock,
  });
  return { lists, listIndex, history, changes, clientActivities, summaries };
}

/** What operators see of the gateway as a whole. */
interface OperatorsView extends Pick<Calls, 'recent'> {
  readonly health: Health;
  readonly about: About;
  readonly streams: Streams;
}

/** The operator's app. It knows nothing of clients' keys. */
function createOps(
  { settings, secrets }: Loaded,
  opened: Opened,
  kept: Kept,
  parts: Services & Authentication & OperatorsView,
): Express {
  const { scrubber, metrics, report } = opened;
  return createOpsApp({
    ...settings,
    ...createOperatorParts(settings, opened, kept, parts),
    clock: kept.clock,
    scrubber,
    opsToken: secrets.opsToken,
    signIns: createSignIns(kept.clock),
    onSignIn: report.signIn,
    health: parts.health,
    about: parts.about,
    recent: parts.recent,
    streams: parts.streams,
    metrics,
    register: kept.register,
    accountViews: parts.accountViews,
    policy: settings.addContacts,
    declared: settings.accounts,
    onRequest: report.opsRequest,
  });
}
