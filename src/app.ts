import express, { type Express, type RequestHandler } from 'express';
import { answerHealthz, answerReadyz } from './ops/health.ts';
import { scopeOf } from './http/request-scope.ts';
import { answerList } from './steps/answer-list.ts';
import { authenticate } from './steps/authenticate.ts';
import { authorize } from './steps/authorize.ts';
import { allowOrigin, answerPreflight, checkOrigin } from './steps/cors.ts';
import { forward } from './steps/forward.ts';
import { answerAdd } from './steps/answer-add.ts';
import { handleError } from './steps/handle-error.ts';
import { identify } from './steps/identify.ts';
import { limitClient } from './steps/limit-client.ts';
import { readBody } from './steps/read-body.ts';
import { record } from './steps/record.ts';
import { refuseAfterGrace } from './steps/refuse-after-grace.ts';
import { resolveOperation } from './steps/resolve-operation.ts';
import { securityHeaders } from './steps/security-headers.ts';

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
  PartsOf<typeof answerAdd> &
  PartsOf<typeof forward> & { readonly trustProxy: string | number | boolean | undefined };

/** The way of a request: every step in order, nothing else. */
export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable('etag');
  app.disable('x-powered-by');
  app.enable('case sensitive routing');
  app.set('trust proxy', parts.trustProxy ?? false);

  app.use(identify(parts));
  app.use(securityHeaders());
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
  app.use(only('addContacts', answerAdd(parts)));
  app.use(forward(parts));
  app.use(handleError());
  return app;
}

/** A step for one operation; the others pass it by. */
function only(operation: string, step: RequestHandler): RequestHandler {
  return (req, res, next) => (scopeOf(res).operation === operation ? step(req, res, next) : next());
}
