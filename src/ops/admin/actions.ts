import { Router } from 'express';
import type { HistoryReader } from '../../history/history.ts';
import type { KeptAction } from '../../history/ports.ts';
import { cut, readPage } from './query.ts';
import { iso, methodsOnly, sendObject } from './requests.ts';

interface AdminActionsParts {
  readonly history: Pick<HistoryReader, 'allActions'>;
}

/** The last change of a page. Its id alone need not be the only one of all accounts. */
const PLACE = /^\d{1,16}~[A-Za-z0-9_.:@-]{1,128}$/;

/** `/admin/actions`: what operators changed, over all accounts, newest first. */
export function adminActions({ history }: AdminActionsParts): Router {
  const router = Router();
  router
    .route('/')
    .get(async (req, res) => {
      const { after, limit } = readPage(req, PLACE);
      const found = await history.allActions({ after: placeIn(after), limit: limit + 1 });
      const { page, next } = cut(found, limit, ({ id, appId }) => `${id}~${appId}`);
      const actions = page.map((one) => ({ ...describeAction(one), appId: one.appId }));
      sendObject(res, { actions, next });
    })
    .all(methodsOnly('GET, HEAD'));
  return router;
}

function placeIn(after: string | undefined): Pick<KeptAction, 'id' | 'appId'> | undefined {
  if (after === undefined) return undefined;
  const [id = '', appId = ''] = after.split('~');
  return { id, appId };
}

export function describeAction({ id, at, who, what, ...change }: KeptAction) {
  const { before = null, after = null, requestId } = change;
  return { id, at: iso(at), who, what, before, after, requestId };
}
