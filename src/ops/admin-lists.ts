import { Router } from 'express';
import type { Clock } from '../time.ts';
import type { ListStore } from '../contacts-list/ports.ts';
import { ageSeconds } from '../contacts-list/saved-lists.ts';
import { Refusal } from '../errors.ts';
import { scopeOf } from '../http/request-scope.ts';
import { sendNoContent } from '../http/send.ts';
import { appIdOf, iso, methodsOnly, sendObject, type AdminChange } from './admin-requests.ts';

interface AdminListsParts {
  readonly lists: ListStore;
  readonly clock: Clock;
  onChange(change: AdminChange): void;
}

/** `/admin/lists/{appId}`: facts about a saved list, without its content, and a way to delete it. */
export function adminLists({ lists, clock, onChange }: AdminListsParts): Router {
  const router = Router();
  router
    .route('/:appId')
    .get(async (req, res) => {
      const appId = appIdOf(req, res);
      const list = await lists.load(appId);
      if (list === undefined) throw noList();
      sendObject(res, {
        appId,
        savedAt: iso(list.savedAt),
        ageSeconds: ageSeconds(list, clock.now()),
        bytes: list.body.length,
        source: list.source,
      });
    })
    .delete(async (req, res) => {
      const appId = appIdOf(req, res);
      if (!(await lists.forget(appId))) throw noList();
      onChange({ appId, what: 'list-forgotten', requestId: scopeOf(res).trace.requestId });
      sendNoContent(res);
    })
    .all(methodsOnly('GET, HEAD, DELETE'));
  return router;
}

function noList(): Refusal {
  return new Refusal('not-found', 'No list is saved for this account.');
}
