import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { answerDocs, type DocsSetting } from '../docs/answer-docs.ts';
import { adminActions } from './admin/actions.ts';
import { accountHistory } from './admin/account-history.ts';
import { adminAccounts } from './admin/accounts.ts';
import { adminClients } from './admin/clients.ts';
import { adminLists } from './admin/lists.ts';
import { methodsOnly, noAppId } from './admin/requests.ts';
import { answerSignIn, type SignInEvent } from './access/answer-sign-in.ts';
import { authenticateOps } from './access/authenticate-ops.ts';
import { createOpsKey } from './access/ops-key.ts';
import type { SignIns } from './access/sign-ins.ts';
import { answerHealthz, answerReadyz, type Health } from './health.ts';
import type { Metrics } from './metrics.ts';
import { answerPage } from './page/answer-page.ts';
import { Refusal } from '../errors.ts';
import { handleError } from '../steps/handle-error.ts';
import { identify } from '../steps/identify.ts';
import { record, type RequestRecord } from '../steps/record.ts';
import { securityHeaders } from '../steps/security-headers.ts';
import { send } from '../http/send.ts';

type AdminParts = Parameters<typeof adminAccounts>[0] &
  Parameters<typeof accountHistory>[0] &
  Parameters<typeof adminActions>[0] &
  Parameters<typeof adminClients>[0] &
  Parameters<typeof adminLists>[0] &
  Parameters<typeof answerPage>[0] &
  Parameters<typeof identify>[0];

interface OpsParts extends AdminParts {
  readonly docs: DocsSetting;
  readonly opsToken: string | undefined;
  readonly opsOrigin: string | undefined;
  readonly opsPort: number;
  readonly signIns: SignIns;
  onSignIn(event: SignInEvent): void;
  readonly health: Health;
  readonly metrics: Metrics;
  onRequest(record: RequestRecord): void;
}

/** The app of the ops listener: every step in order. */
export function createOpsApp(parts: OpsParts): Express {
  const app = express();
  app.disable('etag');
  app.disable('x-powered-by');
  app.enable('case sensitive routing');
  app.use(identify(parts));
  app.use(securityHeaders());
  app.use(record(parts));
  const access = { ...parts, ...accessOf(parts) };
  app.use(authenticateOps(access));
  app.use(answerSignIn(access));
  app.use(answerDocs(parts, 'ops'));
  app.use(answerPage(parts));
  const onlyGet = methodsOnly('GET, HEAD');
  app.route('/healthz').get(answerHealthz()).all(onlyGet);
  app.route('/readyz').get(answerReadyz(parts)).all(onlyGet);
  app.route('/metrics').get(answerMetrics(parts)).all(onlyGet);
  app.use('/admin/accounts', adminAccounts(parts));
  app.use('/admin/accounts', accountHistory(parts));
  app.use('/admin/actions', adminActions(parts));
  app.use('/admin/clients', adminClients(parts));
  app.use('/admin/lists', adminLists(parts));
  app.use(() => {
    throw new Refusal('not-found', `No such path. Try ${PATHS.join(', ')}.`);
  });
  app.use(refuseUndecodable());
  app.use(handleError());
  return app;
}

function accessOf({ opsToken, opsPort, clock }: OpsParts) {
  const opsKey = opsToken === undefined ? undefined : createOpsKey(opsToken, clock);
  // Browsers send a host's cookies to all of its ports. Gateways on one machine must not overwrite each other's.
  return { opsKey, cookieName: `gewe_ops_${opsPort}` };
}

const PATHS = [
  '/',
  '/healthz',
  '/readyz',
  '/metrics',
  '/admin/accounts',
  '/admin/actions',
  '/admin/lists',
  '/admin/clients',
];

/** Express decodes the appId in a path before a route sees it, and throws if there is a stray `%`. */
function refuseUndecodable(): ErrorRequestHandler {
  return (error: unknown, _req, _res, next) => next(error instanceof URIError ? noAppId() : error);
}

function answerMetrics({ metrics }: { metrics: Metrics }): RequestHandler {
  return async (_req, res) =>
    send(res, 200, metrics.contentType, Buffer.from(await metrics.text()));
}
