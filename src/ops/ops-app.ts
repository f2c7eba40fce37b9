import express, { type Express } from 'express';
import helmet from 'helmet';
import { adminAccounts } from './admin-accounts.ts';
import { adminLists } from './admin-lists.ts';
import { authenticateOps } from './authenticate-ops.ts';
import { answerHealthz, answerReadyz, type Health } from './health.ts';
import type { Metrics } from './metrics.ts';
import { Refusal } from '../errors.ts';
import { handleError } from '../pipeline/handle-error.ts';
import { identify } from '../pipeline/identify.ts';
import { send } from '../pipeline/send.ts';

type AdminParts = Parameters<typeof adminAccounts>[0] & Parameters<typeof adminLists>[0];

interface OpsParts extends AdminParts {
  readonly opsToken: string | undefined;
  readonly health: Health;
  readonly metrics: Metrics;
}

/** The operator's listener, every step in order. */
export function createOpsApp(parts: OpsParts): Express {
  const app = express();
  app.disable('etag');
  app.enable('case sensitive routing');
  app.use(helmet());
  app.use(identify(parts));
  app.use(authenticateOps(parts));
  app.get('/healthz', answerHealthz());
  app.get('/readyz', answerReadyz(parts));
  app.get('/metrics', async (_req, res) => {
    send(res, 200, parts.metrics.contentType, Buffer.from(await parts.metrics.text()));
  });
  app.use('/admin/accounts', adminAccounts(parts));
  app.use('/admin/lists', adminLists(parts));
  app.use(() => {
    throw new Refusal(
      'not-found',
      'There is nothing here. Try /healthz, /readyz, /metrics, /admin/accounts or /admin/lists/{appId}.',
    );
  });
  app.use(handleError());
  return app;
}
