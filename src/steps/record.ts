import type { RequestHandler } from 'express';
import type { RefusalCode } from '../errors.ts';
import { scopeOf, type Source } from '../http/request-scope.ts';
import type { Clock } from '../time.ts';

/** All that is recorded of a request: no body, no key, no appId. */
export interface RequestRecord {
  readonly requestId: string;
  readonly client: string | undefined;
  /** For whom a token was issued. */
  readonly subject: string | undefined;
  /** Or the name of one of the gateway's own routes. */
  readonly operation: string | undefined;
  readonly source: Source | undefined;
  /** HTTP status; undefined if the caller left before its answer was out. */
  readonly status: number | undefined;
  /** The refusal's code, if it was one. */
  readonly code: RefusalCode | undefined;
  /** The origin of a web page that may not call, cut off if it is long. */
  readonly origin: string | undefined;
  readonly durationMs: number;
  /** Why, for the log; never for the caller. */
  readonly cause: unknown;
}

interface RecordParts {
  readonly clock: Pick<Clock, 'monotonic'>;
  onRequest(record: RequestRecord): void;
}

/** Records every request when it is over, however it ended. */
export function record({ clock, onRequest }: RecordParts): RequestHandler {
  return (_req, res, next) => {
    const scope = scopeOf(res);
    res.on('close', () => {
      const { trace, caller, route, operation, source, refusal, unlistedOrigin, startedAt } = scope;
      onRequest({
        requestId: trace.requestId,
        client: caller?.client.name,
        subject: caller?.subject,
        // A path that leads nowhere has neither.
        operation: operation ?? (route === 'operation' ? undefined : route),
        source,
        status: res.writableFinished ? res.statusCode : undefined,
        code: refusal?.code,
        origin: unlistedOrigin,
        durationMs: clock.monotonic() - startedAt,
        cause: refusal?.cause,
      });
    });
    next();
  };
}
