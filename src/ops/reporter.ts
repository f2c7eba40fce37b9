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
import { throttled } from './repeats.ts';
import { reportStores } from './store-reports.ts';

interface RefusedUnread {
  readonly status: number;
  readonly requestId: string;
}

/** Whoever sends it needs no key. Metrics count each one. */
const REFUSED_UNREAD_EVERY_MS = 10_000;

const WRONG_SIGN_IN_EVERY_MS = 10_000;

/** Turns what happens into log lines and metrics. The one place that words them. */
export function createReporter(logger: Logger, metrics: Metrics, clock: Clock, geweBaseUrl: URL) {
  const stores = reportStores(logger, metrics, clock);
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
    ...stores,

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
      logger.info(change, 'an operator changed an account');
    },

    /** Wrong ones are throttled: anyone who can reach the listener can send them. */
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

    addWarning(appId: string, what: 'account-too-young' | 'accepting-early'): void {
      logger.warn({ appId, what }, 'addContacts on a young account');
    },

    token: {
      unreadable: (reason: string) =>
        logger.error({ reason }, 'GEWE_TOKEN_FILE cannot be used; the token in force stays'),
      rotated: () => logger.info('a new token is in force'),
      rejected: () =>
        logger.error(
          'the upstream rejects the token; renew it in GEWE_TOKEN or in the file of GEWE_TOKEN_FILE',
        ),
    },

    issuers: {
      onFailed: (issuers, { document, url, why, otherIssuer }) =>
        logger.warn(
          { issuers, document, url, why, otherIssuer: otherIssuer?.slice(0, 200) },
          'the keys of an issuer cannot be fetched',
        ),
      onRecovered: (issuers) => logger.info({ issuers }, 'the keys of an issuer are fetched again'),
      onStoreError: stores.issuerStoreFailed,
    } satisfies IssuerEvents,

    clients: {
      onProblems: (problems: readonly Problem[]) =>
        logger.error(
          { problems },
          'the clients file is broken; the previous clients stay in force',
        ),
      onTakenOver: (clients: readonly Client[]) =>
        logger.info(
          { clients: clients.map(({ name }) => name) },
          'the clients file was taken over',
        ),
    },
  };
}
