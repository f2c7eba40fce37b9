/** Looks up what a page shows. A part that the store cannot say is undefined: the page is needed most when things fail. */
import type { AccountViews } from '../../add-contacts/account-view.ts';
import type { AddContactsPolicy } from '../../add-contacts/policy.ts';
import type { ListStore } from '../../contacts-list/ports.ts';
import type { HistoryReader } from '../../history/history.ts';
import type { Clock } from '../../time.ts';
import type { About } from '../about.ts';
import type { ClientActivities } from '../client-activity.ts';
import type { Health } from '../health.ts';
import { findTroubles, selectAccounts, type AccountQuery } from '../overview/select.ts';
import type { AccountSummary, Summaries } from '../overview/summaries.ts';
import type { Recent } from '../recent.ts';
import type { AccountFacts } from './account-regions.ts';
import type { AccountRow, AccountTable } from './account-table.ts';
import type { OverviewFacts } from './overview-regions.ts';

export interface FactsParts {
  readonly about: About;
  readonly health: Health;
  readonly recent: Recent;
  readonly clock: Pick<Clock, 'now'>;
  readonly summaries: Summaries;
  readonly clientActivities: ClientActivities;
  readonly accountViews: AccountViews;
  readonly lists: Pick<ListStore, 'load'>;
  readonly history: Pick<HistoryReader, 'attempts' | 'fetches' | 'actions' | 'allActions'>;
  readonly policy: Pick<AddContactsPolicy, 'accountAge'>;
}

const ATTEMPTS_PER_PAGE = 50;
const CHANGES_SHOWN = 20;
const CHANGES_OF_ALL_SHOWN = 10;
const QUARTER_MINUTES = 15;

export async function overviewFacts(parts: FactsParts): Promise<OverviewFacts> {
  const { about, health, recent, clock } = parts;
  const [notReady, accounts, clients, changes] = await Promise.all([
    health.notReady(),
    unlessFailed(parts.summaries.all()),
    unlessFailed(parts.clientActivities.all()),
    unlessFailed(parts.history.allActions({ after: undefined, limit: CHANGES_OF_ALL_SHOWN })),
  ]);
  const now = clock.now();
  return {
    now,
    about,
    notReady,
    warnings: health.warnings(),
    breaker: health.breaker(),
    isTokenAccepted: health.isTokenAccepted(),
    clientCount: about.clientCount(),
    quarter: recent.last(QUARTER_MINUTES),
    minutes: recent.spans(1),
    tens: recent.spans(10),
    clients,
    troubles: accounts && findTroubles(accounts, now),
    changes,
  };
}

/** One page of the accounts. Only its rows are looked up one by one. */
export async function accountTableFacts(
  parts: FactsParts,
  query: AccountQuery,
): Promise<AccountTable | undefined> {
  const accounts = await unlessFailed(parts.summaries.all());
  if (accounts === undefined) return undefined;
  const { rows, ...selected } = selectAccounts(accounts, query, parts.clock.now());
  return {
    ...selected,
    query,
    rows: await Promise.all(rows.map((summary) => lookUpRow(parts, summary))),
    minimumMs: minimumOf(parts),
  };
}

async function lookUpRow(parts: FactsParts, summary: AccountSummary): Promise<AccountRow> {
  const { appId, lastFetch } = summary;
  const [view, fetches = []] = await Promise.all([
    unlessFailed(parts.accountViews.view(appId)),
    lastFetch === undefined ? [] : unlessFailed(parts.history.fetches(appId)),
  ]);
  return { summary, view, fetches };
}

export async function accountFacts(
  parts: FactsParts,
  appId: string,
  after: string | undefined,
): Promise<AccountFacts> {
  const { history } = parts;
  const [view, list, attempts, fetches, changes] = await Promise.all([
    unlessFailed(parts.accountViews.view(appId)),
    unlessFailed(parts.lists.load(appId)),
    unlessFailed(history.attempts(appId, { after, limit: ATTEMPTS_PER_PAGE + 1 })),
    unlessFailed(history.fetches(appId)),
    unlessFailed(history.actions(appId, { after: undefined, limit: CHANGES_SHOWN })),
  ]);
  const page = attempts?.slice(0, ATTEMPTS_PER_PAGE);
  const hasOlder = attempts !== undefined && attempts.length > ATTEMPTS_PER_PAGE;
  return {
    appId,
    view,
    list: list && { savedAt: list.savedAt, source: list.source, bytes: list.body.length },
    attempts: page,
    isNewest: after === undefined,
    older: hasOlder ? page?.at(-1)?.id : undefined,
    fetches,
    changes,
    minimumMs: minimumOf(parts),
  };
}

/** Whether there is anything to show. If the store cannot say, there may be. */
export function isKnownAccount({ view, list, attempts, changes }: AccountFacts): boolean {
  if (view === undefined || view.isKnown || list !== undefined) return true;
  return attempts?.length !== 0 || changes?.length !== 0;
}

function minimumOf({ policy: { accountAge } }: FactsParts): number {
  return accountAge.mode === 'off' ? 0 : accountAge.minimumMs;
}

/** Failures are reported where they happen. */
async function unlessFailed<T>(looked: Promise<T>): Promise<T | undefined> {
  return looked.catch(() => undefined);
}
