import type { RequestHandler } from 'express';
import type { AccountView, AccountViews } from '../add-contacts/account-view.ts';
import type { QuotaUsage } from '../add-contacts/rules.ts';
import type { ListFacts, SavedListFacts } from '../contacts-list/list-facts.ts';
import { found, scopeOf } from '../http/request-scope.ts';
import { send } from '../http/send.ts';

interface AnswerAccountParts {
  readonly accountViews: AccountViews;
  readonly savedListFacts: SavedListFacts;
}

/** `GET /accounts/{appId}`: when the account can add next, what is left of its quotas, and how old its list is. */
export function answerAccount({
  accountViews,
  savedListFacts,
}: AnswerAccountParts): RequestHandler {
  return async (_req, res) => {
    const appId = found(scopeOf(res).appId);
    const view = await accountViews.view(appId);
    const list = await savedListFacts.of(appId, view.now);
    send(res, 200, 'application/json', Buffer.from(JSON.stringify(accountBody(view, list))));
  };
}

/** The body of the answer. Instants are ISO 8601 in UTC. Pure. */
function accountBody(view: AccountView, list: ListFacts | undefined) {
  const { appId, isKnown, now, standing, canAddNow, nextAddAt, usage } = view;
  return {
    appId,
    state: isKnown ? 'known' : 'unknown',
    now: iso(now),
    onlineSince: standing.kind === 'known' ? iso(standing.onlineSince) : null,
    canAddNow,
    nextAddAt: nextAddAt === undefined ? null : iso(nextAddAt),
    opensInSeconds: opensInSeconds(view),
    quotas: usage.map(quotaOf),
    list: list === undefined ? null : { ...list, savedAt: iso(list.savedAt) },
  };
}

/** Rounded up, so that a caller that waits for so long is not too early. Null if nobody knows. */
function opensInSeconds({ canAddNow, nextAddAt, now }: AccountView): number | null {
  if (canAddNow) return 0;
  return nextAddAt === undefined ? null : Math.ceil((nextAddAt - now) / 1000);
}

function quotaOf({ rule, limit, left, opensAt }: QuotaUsage) {
  return {
    name: rule.name,
    limit,
    windowSeconds: rule.windowMs / 1000,
    left,
    opensAt: left > 0 ? null : iso(opensAt),
  };
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
