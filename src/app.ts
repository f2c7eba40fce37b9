import express, { type Express, type RequestHandler } from 'express';
import { answerHealthz, answerReadyz } from './ops/health.ts';
import { answerList } from './pipeline/answer-list.ts';
import { authenticate } from './pipeline/authenticate.ts';
import { authorize } from './pipeline/authorize.ts';
import { allowOrigin, answerPreflight, checkOrigin } from './pipeline/cors.ts';
import { forward } from './pipeline/forward.ts';
import { guardAdd } from './pipeline/guard-add.ts';
import { handleError } from './pipeline/handle-error.ts';
import { identify } from './pipeline/identify.ts';
import { limitClient } from './pipeline/limit-client.ts';
import { readBody } from './pipeline/read-body.ts';
import { record } from './pipeline/record.ts';
import { refuseAfterGrace } from './pipeline/refuse-after-grace.ts';
import { operationSlot, resolveOperation } from './pipeline/resolve-operation.ts';
import { securityHeaders } from './pipeline/security-headers.ts';

type PartsOf<Step extends (parts: never) => unknown> = Parameters<Step>[0];

/** What the steps need, each its own. */
export type AppParts = PartsOf<typeof identify> &
  PartsOf<typeof record> &
  PartsOf<typeof answerReadyz> &
  PartsOf<typeof refuseAfterGrace> &
  PartsOf<typeof allowOrigin> &
  PartsOf<typeof authenticate> &
  PartsOf<typeof limitClient> &
  PartsOf<typeof readBody> &
  PartsOf<typeof authorize> &
  PartsOf<typeof answerList> &
  PartsOf<typeof guardAdd> &
  PartsOf<typeof forward> & { readonly trustProxy: string | number | boolean | undefined };

/** The way of a request: every step in order, nothing else. */
export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('trust proxy', parts.trustProxy ?? false);

  app.use(securityHeaders());
  app.use(identify(parts));
  app.get('/healthz', answerHealthz());
  app.get('/readyz', answerReadyz(parts));
  app.use(record(parts));
  app.use(allowOrigin(parts));
  app.use(refuseAfterGrace(parts));
  app.use(resolveOperation());
  app.use(answerPreflight());
  app.use(authenticate(parts));
  app.use(checkOrigin());
  app.use(limitClient(parts));
  app.use(readBody(parts));
  app.use(authorize(parts));
  app.use(only('fetchContactsList', answerList(parts)));
  app.use(only('addContacts', guardAdd(parts)));
  app.use(forward(parts));
  app.use(handleError());
  return app;
}

/** A step for one operation; the others pass it by. */
function only(operation: string, step: RequestHandler): RequestHandler {
  return (req, res, next) => (operationSlot.of(res) === operation ? step(req, res, next) : next());
}
