import type { Clock } from '../time.ts';
import type { IssuerEvents } from '../auth/issuers/issuers.ts';
import type { BreakerState } from '../contacts-list/breaker.ts';
import type { Shrinkage } from '../contacts-list/saved-lists.ts';
import type { ListFetch } from '../history/ports.ts';
import { upstreamPath } from '../gewe/headers.ts';
import type { Observer } from '../gewe/upstream.ts';
import { whyFailed } from '../gewe/why-failed.ts';
import type { RequestRecord } from '../steps/record.ts';
import type { Client } from '../settings/client.ts';
import type { Problem } from '../settings/problem.ts';
import type { AdminChange } from './account-changes.ts';
import type { SignInEvent } from './access/answer-sign-in.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import { createOutages, throttled } from './repeats.ts';

interface RefusedUnread {
  readonly status: number;
  readonly requestId: string;
}

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

/** Whoever sends it needs no key. Metrics count each one. */
const REFUSED_UNREAD_EVERY_MS = 10_000;

const WRONG_SIGN_IN_EVERY_MS = 10_000;

/** Turns what happens into log lines and metrics. The one place that words them. */
export function createReporter(logger: Logger, metrics: Metrics, clock: Clock, geweBaseUrl: URL) {
  const outages = createOutages(clock, {
    begin: (err, leftOut) =>
      logger.error(
        { err, leftOut },
        'the store is away or takes no writes; saved lists come from memory, addContacts is refused',
      ),
    end: () => logger.info('the store is back'),
  });
  const storeError = (msg: string) => {
    const tell = throttled(clock, STORE_ERROR_EVERY_MS, (err: unknown, heldBack) =>
      logger.error({ err, heldBack }, msg),
    );
    // Each of them says again what was said when it went away.
    return (err: unknown) => void (outages.isNow() || tell(err));
  };
  const listStoreError = storeError('the store of lists failed');
  const quotaStoreError = storeError('the store of quotas failed; addContacts is refused');
  const sessionStoreError = storeError('the store of sessions failed');
  const historyStoreError = storeError('the store of the journal and the counts failed');
  const issuerStoreError = storeError(
    "the store of issuers' keys failed; a restart while a provider is down would lose them",
  );
  const refusedUnread = throttled(
    clock,
    REFUSED_UNREAD_EVERY_MS,
    (refused: RefusedUnread, heldBack) =>
      logger.info({ ...refused, heldBack }, 'refused before it was a request'),
  );

  const wrongSignIn = throttled(clock, WRONG_SIGN_IN_EVERY_MS, (event: SignInEvent, heldBack) =>
    logger.warn({ ...event, heldBack }, 'a sign-in to the ops listener was refused'),
  );

  return {
    /** One line a request. What failed inside is named with it, under the same id. */
    request(record: RequestRecord): void {
      const { cause, ...fields } = record;
      fields.durationMs = Math.round(fields.durationMs);
      if (fields.upstreamMs !== undefined) fields.upstreamMs = Math.round(fields.upstreamMs);
      metrics.request(record);
      if (record.code === 'internal') logger.error({ ...fields, err: cause }, 'request');
      else logger.info(fields, 'request');
    },

    /** What no app has seen, on either listener. */
    refusedUnread(refused: RefusedUnread): void {
      metrics.refusedUnread(refused.status);
      refusedUnread(refused);
    },

    /** Probes and scrapes come every few seconds: only what failed inside is written down. */
    opsRequest({ code, cause, requestId }: RequestRecord): void {
      if (code === 'internal') logger.error({ requestId, code, err: cause }, 'ops request');
    },

    /** It moves when an account may add contacts, or takes a list away: somebody will ask when. */
    adminChange(change: AdminChange): void {
      logger.info(change, 'changed through the admin API');
    },

    /** Whoever reaches the listener can send wrong ones. */
    signIn(event: SignInEvent): void {
      if (event.what === 'wrong' || event.what === 'locked') wrongSignIn(event);
      else logger.info(event, 'an operator signed in or out');
    },

    upstreamCall: (({ operation, appId }, outcome, call) => {
      const { requestId, durationMs, deadlineMs } = call;
      metrics.upstreamCall(operation, outcome, durationMs);
      if (outcome.kind === 'answered') return;
      logger.warn(
        {
          requestId,
          appId,
          operation,
          path: upstreamPath(geweBaseUrl, call.path),
          outcome: outcome.kind,
          durationMs: Math.round(durationMs),
          why: whyFailed(outcome, deadlineMs),
        },
        'upstream call failed',
      );
    }) satisfies Observer,

    /** A fault of ours that cost nobody an answer. */
    fault(err: unknown): void {
      logger.error({ err }, 'the gateway failed while it handled an upstream call');
    },

    breakerChanged(state: BreakerState): void {
      metrics.breaker(state);
      if (state.kind === 'open') {
        logger.error({ why: state.why }, 'the upstream as a whole is down; saved lists are served');
      } else logger.info('the upstream is back');
    },

    listCallsCrowded(crowded: boolean): void {
      if (crowded) {
        logger.warn(
          'as many slow list calls are under way as list.maxCallsUnderWay allows; further accounts get what is saved',
        );
      } else logger.info('there is room for slow list calls again');
    },

    listStoreFailed(err: unknown): void {
      metrics.storeError('lists');
      listStoreError(err);
    },

    /** Its callers got another answer at their deadlines. */
    lateList({ appId, requestId, durationMs, outcome, bytes }: ListFetch): void {
      logger.info(
        { appId, requestId, durationMs: Math.round(durationMs), outcome, bytes },
        'a slow list call ended after the deadline',
      );
    },

    listShrunk(shrinkage: Shrinkage): void {
      logger.warn(shrinkage, 'a saved list was replaced by one of a tenth of its size or less');
    },

    sessionStoreFailed(err: unknown): void {
      metrics.storeError('sessions');
      sessionStoreError(err);
    },

    historyStoreFailed(err: unknown): void {
      metrics.storeError('history');
      historyStoreError(err);
    },

    quotaStoreFailed(err: unknown): void {
      metrics.storeError('quotas');
      quotaStoreError(err);
    },

    store: {
      onAway: outages.begin,
      onBack: outages.end,
      onWarning(what: StoreWarning, until?: number): void {
        const ends = until === undefined ? {} : { until: new Date(until).toISOString() };
        logger.warn({ what, ...ends }, STORE_WARNINGS[what]);
      },
    },

    addWarning(appId: string, what: 'account-too-young' | 'accepting-early'): void {
      logger.warn({ appId, what }, 'addContacts on a young account');
    },

    token: {
      unreadable: (reason: string) =>
        logger.error({ reason }, 'GEWE_TOKEN_FILE cannot be used; the token in force stays'),
      rotated: () => logger.info('a new token is in force'),
      rejected: () => logger.error('the upstream rejects the token; renew GEWE_TOKEN'),
    },

    issuers: {
      onFailed: (issuers, { document, url, why, otherIssuer }) =>
        logger.warn(
          { issuers, document, url, why, otherIssuer: otherIssuer?.slice(0, 200) },
          'the keys of an issuer cannot be fetched',
        ),
      onRecovered: (issuers) => logger.info({ issuers }, 'the keys of an issuer are fetched again'),
      onStoreError: (err) => {
        metrics.storeError('issuers');
        issuerStoreError(err);
      },
    } satisfies IssuerEvents,

    clients: {
      onProblems: (problems: readonly Problem[]) =>
        logger.error({ problems }, 'the clients file is broken; the clients of before stay'),
      onTakenOver: (clients: readonly Client[]) =>
        logger.info(
          { clients: clients.map(({ name }) => name) },
          'the clients file was taken over',
        ),
    },
  };
}
