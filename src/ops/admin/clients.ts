import { Router } from 'express';
import { Refusal } from '../../errors.ts';
import type { ClientActivities, ClientActivity } from '../client-activity.ts';
import { methodsOnly, sendObject } from './requests.ts';

interface AdminClientsParts {
  readonly clientActivities: ClientActivities;
}

/** `/admin/clients`: how much each client calls, and what it gets. */
export function adminClients({ clientActivities }: AdminClientsParts): Router {
  const router = Router();
  router
    .route('/')
    .get(async (_req, res) => {
      sendObject(res, { clients: (await clientActivities.all()).map(describe) });
    })
    .all(methodsOnly('GET, HEAD'));
  router
    .route('/:name')
    .get(async (req, res) => {
      const all = await clientActivities.all();
      const client = all.find(({ name }) => name === req.params['name']);
      if (client === undefined) throw noClient();
      sendObject(res, describe(client));
    })
    .all(methodsOnly('GET, HEAD'));
  return router;
}

function describe({ name, isConfigured, today, last24Hours }: ClientActivity) {
  return { name, configured: isConfigured, today, last24Hours };
}

function noClient(): Refusal {
  return new Refusal(
    'not-found',
    'No client has this name, and none with it has called in the last 24 hours. GET /admin/clients lists the names.',
    { msg: '没有该客户端' },
  );
}
