import type { RequestHandler } from 'express';
import type { RefusalCode } from '../errors.ts';
import { loggedPath } from '../http/logged-path.ts';
import { scopeOf, type Source } from '../http/request-scope.ts';
import { waitedMs } from '../http/upstream-wait.ts';
import type { Clock } from '../time.ts';

/** All that is recorded of a request: no body and no key. */
export interface RequestRecord {
  readonly requestId: string;
  readonly client: string | undefined;
  /** For whom a token was issued. */
  readonly subject: string | undefined;
  /** Once it is known to be one. */
  readonly appId: string | undefined;
  /** Or the name of one of the gateway's own routes. */
  readonly operation: string | undefined;
  readonly source: Source | undefined;
  /** HTTP status; undefined if the caller left before its answer was out. */
  readonly status: number | undefined;
  /** The refusal's code, if it was one. */
  readonly code: RefusalCode | undefined;
  /** The rule by which it was refused. */
  readonly rule: string | undefined;
  /** When the refused request would pass, ISO 8601. */
  readonly retryAt: string | undefined;
  /** The path, if it leads nowhere: without its query, cut off if it is long, secrets replaced. */
  readonly path: string | undefined;
  /** The origin of a web page that may not call, cut off if it is long. */
  readonly origin: string | undefined;
  readonly durationMs: number;
  /** How much of it the request waited for the upstream; undefined if it did not. */
  readonly upstreamMs: number | undefined;
  /** Why, for the log; never for the caller. */
  readonly cause: unknown;
}

interface RecordParts {
  readonly clock: Pick<Clock, 'monotonic'>;
  onRequest(record: RequestRecord): void;
}

/** Records every request when it is over, however it ended. */
export function record({ clock, onRequest }: RecordParts): RequestHandler {
  return (req, res, next) => {
    const scope = scopeOf(res);
    res.on('close', () => {
      const { trace, caller, body, route, operation, source, refusal, unlistedOrigin } = scope;
      const now = clock.monotonic();
      onRequest({
        requestId: trace.requestId,
        client: caller?.client.name,
        subject: caller?.subject,
        appId: body?.appId ?? scope.appId,
        // A path that leads nowhere has neither.
        operation: operation ?? (route === 'operation' ? undefined : route),
        source,
        status: res.writableFinished ? res.statusCode : undefined,
        code: refusal?.code,
        rule: textOf(refusal?.members['rule']),
        retryAt: textOf(refusal?.members['retryAt']),
        path: refusal?.code === 'not-found' ? loggedPath(req.originalUrl, scope) : undefined,
        origin: unlistedOrigin,
        durationMs: now - scope.startedAt,
        upstreamMs: waitedMs(scope, now),
        cause: refusal?.cause,
      });
    });
    next();
  };
}

function textOf(member: unknown): string | undefined {
  return typeof member === 'string' ? member : undefined;
}
