import express, { type Express, type RequestHandler } from 'express';
import { answerDocs } from './docs/answer-docs.ts';
import { answerHealth } from './ops/health.ts';
import { found, scopeOf, type Route } from './http/request-scope.ts';
import { answerAccount } from './steps/answer-account.ts';
import { answerList } from './steps/answer-list.ts';
import { authenticate } from './steps/authenticate.ts';
import { authorize } from './steps/authorize.ts';
import { answerSessions, refusePages } from './steps/answer-sessions.ts';
import { allowOrigin, answerPreflight, checkOrigin } from './steps/cors.ts';
import { forward } from './steps/forward.ts';
import { answerAdd } from './steps/answer-add.ts';
import { handleError } from './steps/handle-error.ts';
import { identify } from './steps/identify.ts';
import { limitClient } from './steps/limit-client.ts';
import { readBody } from './steps/read-body.ts';
import { record } from './steps/record.ts';
import { refuseAfterGrace } from './steps/refuse-after-grace.ts';
import { authorizeAccount, resolveAccount } from './steps/resolve-account.ts';
import { resolveRoute } from './steps/resolve-route.ts';
import { securityHeaders } from './steps/security-headers.ts';

type PartsOf<Step extends (parts: never, ...more: never[]) => unknown> = Parameters<Step>[0];

/** Everything that any of the steps needs. */
export type AppParts = PartsOf<typeof identify> &
  PartsOf<typeof record> &
  PartsOf<typeof answerHealth> &
  PartsOf<typeof answerDocs> &
  PartsOf<typeof refuseAfterGrace> &
  PartsOf<typeof allowOrigin> &
  PartsOf<typeof authenticate> &
  PartsOf<typeof limitClient> &
  PartsOf<typeof readBody> &
  PartsOf<typeof authorize> &
  PartsOf<typeof answerList> &
  PartsOf<typeof answerAdd> &
  PartsOf<typeof answerSessions> &
  PartsOf<typeof answerAccount> &
  PartsOf<typeof forward> & { readonly trustProxy: string | number | boolean | undefined };

/** The steps of a request, in order. */
export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable('etag');
  app.disable('x-powered-by');
  app.enable('case sensitive routing');
  app.set('trust proxy', parts.trustProxy ?? false);

  // One count over all routes.
  const [letIn, count] = [authenticate(parts), limitClient(parts)];
  app.use(
    inOrder(
      identify(parts),
      securityHeaders(),
      answerHealth(parts),
      record(parts),
      allowOrigin(parts),
      refuseAfterGrace(parts),
      resolveRoute(parts),
      byRoute({
        operation: inOrder(
          answerPreflight('POST'),
          letIn,
          checkOrigin(parts),
          count,
          readBody(parts),
          authorize(parts),
          byOperation(
            { fetchContactsList: answerList(parts), addContacts: answerAdd(parts) },
            forward(parts),
          ),
        ),
        docs: answerDocs(parts, 'client'),
        sessions: inOrder(refusePages(), letIn, count, answerSessions(parts)),
        accounts: inOrder(
          resolveAccount(),
          answerPreflight('GET, HEAD'),
          letIn,
          checkOrigin(parts),
          count,
          authorizeAccount(),
          answerAccount(parts),
        ),
      }),
    ),
  );
  app.use(handleError());
  return app;
}

/** Runs steps one after the other as Express does, but without matching a route before each. */
function inOrder(...steps: readonly RequestHandler[]): RequestHandler {
  return (req, res, next) => {
    let at = 0;
    const proceed = (error?: unknown): void => {
      const step = steps[at++];
      if (error !== undefined || step === undefined) return next(error);
      try {
        const done: unknown = step(req, res, proceed);
        if (done instanceof Promise) done.catch(next);
      } catch (thrown) {
        next(thrown);
      }
    };
    proceed();
  };
}

/** Runs the steps of the request's route. */
function byRoute(steps: Readonly<Record<Route, RequestHandler>>): RequestHandler {
  return (req, res, next) => steps[found(scopeOf(res).route)](req, res, next);
}

/** Runs the step of the request's operation, or else `otherwise`. */
function byOperation(
  special: Readonly<Record<string, RequestHandler>>,
  otherwise: RequestHandler,
): RequestHandler {
  const steps = new Map(Object.entries(special));
  return (req, res, next) =>
    (steps.get(found(scopeOf(res).operation)) ?? otherwise)(req, res, next);
}
