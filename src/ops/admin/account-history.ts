import { Router, type Request, type Response } from 'express';
import type { Attempt, HistoryReader } from '../../history/history.ts';
import { ENTRY_ID, type ListFetch } from '../../history/ports.ts';
import { describeAction } from './actions.ts';
import { cut, readPage, type PageQuery } from './query.ts';
import { appIdOf, iso, methodsOnly, sendObject } from './requests.ts';

interface AccountHistoryParts {
  readonly history: Pick<HistoryReader, 'attempts' | 'fetches' | 'actions'>;
}

/** What happened to an account, newest first. Also of accounts that the gateway has never seen. */
export function accountHistory({ history }: AccountHistoryParts): Router {
  const router = Router();
  const serve = (path: string, handler: (req: Request, res: Response) => Promise<void>) =>
    router.route(path).get(handler).all(methodsOnly('GET, HEAD'));

  serve('/:appId/attempts', async (req, res) => {
    const { after, limit } = readPage(req, ENTRY_ID);
    const found = await history.attempts(appIdOf(req, res), { after, limit: limit + 1 });
    const { page, next } = cut(found, limit, ({ id }) => id);
    sendObject(res, { attempts: page.map(describeAttempt), next });
  });
  serve('/:appId/fetches', async (req, res) => {
    const fetches = await history.fetches(appIdOf(req, res));
    const { page, next } = pageOfFetches(fetches, readPage(req, FETCH_CURSOR));
    sendObject(res, { fetches: page.map(describeFetch), next });
  });
  serve('/:appId/actions', async (req, res) => {
    const { after, limit } = readPage(req, ENTRY_ID);
    const found = await history.actions(appIdOf(req, res), { after, limit: limit + 1 });
    const { page, next } = cut(found, limit, ({ id }) => id);
    sendObject(res, { actions: page.map(describeAction), next });
  });
  return router;
}

/** When a fetch ended, and how many of that instant were on the pages before. Fetches have no id. */
const FETCH_CURSOR = /^\d{1,16}-\d{1,2}$/;

/** @param fetches all that are kept, newest first */
function pageOfFetches(
  fetches: readonly ListFetch[],
  { after, limit }: PageQuery,
): ReturnType<typeof cut<ListFetch>> {
  const [at = Infinity, seen = 0] = after?.split('-').map(Number) ?? [];
  const ofInstant = fetches.filter((fetch) => fetch.at === at);
  const rest = [...ofInstant.slice(seen), ...fetches.filter((fetch) => fetch.at < at)];
  const { page } = cut(rest, limit, () => '');
  return cut(rest, limit, (last) => {
    const shown = page.filter((fetch) => fetch.at === last.at).length;
    return `${last.at}-${last.at === at ? seen + shown : shown}`;
  });
}

function describeAttempt({ id, at, outcome, ...facts }: Attempt) {
  const { appId, client, subject, option, target, count, requestId } = facts;
  return {
    id,
    at: iso(at),
    appId,
    client,
    subject: subject ?? null,
    option,
    target,
    outcome: outcome.kind,
    ret: outcome.kind === 'sent' ? (outcome.ret ?? null) : null,
    code: outcome.kind === 'refused' ? outcome.code : null,
    rule: outcome.kind === 'refused' ? (outcome.rule ?? null) : null,
    count,
    requestId,
  };
}

function describeFetch({ at, durationMs, outcome, requestId, ...sizes }: ListFetch) {
  const { bytes = null, friends = null, chatrooms = null, ghs = null } = sizes;
  return {
    at: iso(at),
    durationMs: Math.round(durationMs),
    outcome,
    bytes,
    friends,
    chatrooms,
    ghs,
    requestId,
  };
}
