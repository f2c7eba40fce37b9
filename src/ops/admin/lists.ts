import { Router, type Response } from 'express';
import type { RefreshStart } from '../../contacts-list/list-service.ts';
import type { ListIndex, ListIndexEntry, ListStore } from '../../contacts-list/ports.ts';
import { ageSeconds } from '../../contacts-list/saved-lists.ts';
import { Refusal, retryAfter } from '../../errors.ts';
import { sendNoContent } from '../../http/send.ts';
import type { Clock } from '../../time.ts';
import type { AccountChanges } from '../account-changes.ts';
import { readListPage, readListsQuery } from './list-pages.ts';
import { appIdOf, iso, methodsOnly, operatorOf, sendObject } from './requests.ts';

interface AdminListsParts {
  readonly lists: Pick<ListStore, 'load'>;
  readonly listIndex: ListIndex;
  readonly changes: Pick<AccountChanges, 'forgetList' | 'refreshList'>;
  readonly clock: Clock;
}

/** `/admin/lists`: facts about saved lists, without their content, and ways to delete and to refresh one. */
export function adminLists({ lists, listIndex, changes, clock }: AdminListsParts): Router {
  const router = Router();
  const describe = (list: ListIndexEntry) => ({
    appId: list.appId,
    savedAt: iso(list.savedAt),
    ageSeconds: ageSeconds(list, clock.now()),
    bytes: list.bytes,
    source: list.source,
  });

  router
    .route('/')
    .get(async (req, res) => {
      const { page, next } = await readListPage(listIndex, readListsQuery(req), clock.now());
      sendObject(res, { lists: page.map(describe), next });
    })
    .all(methodsOnly('GET, HEAD'));

  router
    .route('/:appId')
    .get(async (req, res) => {
      const appId = appIdOf(req, res);
      const list = await lists.load(appId);
      if (list === undefined) throw noList();
      const { savedAt, source, body } = list;
      sendObject(res, describe({ appId, savedAt, source, bytes: body.length }));
    })
    .delete(async (req, res) => {
      if (!(await changes.forgetList(operatorOf(res), appIdOf(req, res)))) throw noList();
      sendNoContent(res);
    })
    .all(methodsOnly('GET, HEAD, DELETE'));

  router
    .route('/:appId/refresh')
    .post(async (req, res) => {
      sendStart(res, await changes.refreshList(operatorOf(res), appIdOf(req, res)));
    })
    .all(methodsOnly('POST'));
  return router;
}

/** Soon enough for a person; the upstream is probed about as often while it is down. */
const AGAIN_AFTER_MS = 5000;

function sendStart(res: Response, start: RefreshStart): void {
  const headers = retryAfter(AGAIN_AFTER_MS);
  switch (start) {
    case 'started':
    case 'under-way':
      return sendObject(res, { refresh: start }, 202);
    case 'no-slot': {
      const detail =
        'No fetch was started: as many slow list calls are running as list.maxCallsUnderWay allows. Try again after Retry-After.';
      throw new Refusal('upstream-timeout', detail, { headers });
    }
    case 'down': {
      const detail =
        'No fetch was started: the upstream as a whole is down. Try again after Retry-After.';
      throw new Refusal('upstream-unreachable', detail, { headers });
    }
    default:
      return start satisfies never;
  }
}

function noList(): Refusal {
  return new Refusal('not-found', 'No list is saved for this account.', {
    msg: '没有已保存的列表',
  });
}
