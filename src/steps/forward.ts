import type { RequestHandler } from 'express';
import { createProxyMiddleware, type Plugin } from 'http-proxy-middleware';
import type { ListService } from '../contacts-list/list-service.ts';
import { Refusal } from '../errors.ts';
import { answerOrRefusal } from '../gewe/answer-or-refusal.ts';
import { accessOf } from '../gewe/operations.ts';
import type { Upstream } from '../gewe/upstream.ts';
import { found, scopeOf } from '../http/request-scope.ts';
import { send } from '../http/send.ts';
import { beginWait, endWait } from '../http/upstream-wait.ts';
import type { Clock } from '../time.ts';

interface ForwardParts {
  readonly upstream: Pick<Upstream, 'call'>;
  readonly listService: Pick<ListService, 'saveFromCache'>;
  readonly clock: Clock;
  readonly geweBaseUrl: URL;
  readonly geweTimeoutMs: number;
}

/** Passes an operation on as it is. */
export function forward(parts: ForwardParts): RequestHandler {
  return createProxyMiddleware({
    target: new URL(parts.geweBaseUrl.origin),
    // Its own plugins answer errors by themselves and write to the console.
    ejectPlugins: true,
    plugins: [sendThroughUpstream(parts)],
  });
}

/**
 * The library's own transport pipes an answer out as it comes. Here the whole answer is needed first: to cut the token
 * out, to tell it from one that is cut off, and to read its `ret`.
 */
function sendThroughUpstream(parts: ForwardParts): Plugin {
  const { upstream, listService, clock, geweTimeoutMs } = parts;
  return (proxyServer) => {
    proxyServer.web = async (_req, res) => {
      const scope = scopeOf(res);
      const operation = found(scope.operation);
      const { bytes: body, appId } = found(scope.body);
      const askedAt = clock.now();
      beginWait(scope, clock);
      const outcome = await upstream.call(
        { operation, appId },
        {
          kind: accessOf(operation),
          path: `contacts/${operation}`,
          body,
          trace: scope.trace,
          deadlineMs: geweTimeoutMs,
          // The call ends when its caller leaves.
          caller: res,
        },
      );
      endWait(scope, clock);
      const answer = answerOrRefusal(outcome);
      if (answer instanceof Refusal) throw answer;
      if (operation === 'fetchContactsListCache') {
        await listService.saveFromCache(appId, answer, askedAt);
      }
      scope.source = 'live';
      send(res, 200, answer.contentType, answer.body);
    };
    // What is thrown above also goes to Express, which is enough. An event without a listener would throw.
    proxyServer.on('error', () => undefined);
  };
}
