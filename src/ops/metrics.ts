import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { BreakerState } from '../contacts-list/breaker.ts';
import { operationLabel } from '../gewe/operations.ts';
import type { Outcome } from '../gewe/outcome.ts';
import type { RequestRecord } from '../steps/record.ts';

export interface Metrics {
  request(record: RequestRecord): void;
  upstreamCall(operation: string, outcome: Outcome): void;
  storeError(store: 'lists' | 'quotas'): void;
  breaker(state: BreakerState): void;
  listCallTurnedAway(): void;
  logLinesDropped(lines: number): void;
  refusedUnread(status: number): void;
  /** Process metrics too, as prom-client has them. Once per process. */
  withProcess(): void;
  /** The Prometheus text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Labels are of a fixed set of values, or from the operator's own files: no caller can add a series. */
export function createMetrics(gauges: {
  listCallsUnderWay(): number;
  tokenRejected(): boolean;
}): Metrics {
  const registry = new Registry();
  const registers = [registry];

  const requests = new Counter({
    name: 'gewe_gateway_requests_total',
    help: 'Requests answered, by operation, client, HTTP status, refusal code and source of the answer.',
    labelNames: ['operation', 'client', 'status', 'code', 'source'],
    registers,
  });
  const duration = new Histogram({
    name: 'gewe_gateway_request_duration_seconds',
    help: 'From the request to the end of its answer.',
    labelNames: ['operation'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 30],
    registers,
  });
  const upstreamCalls = new Counter({
    name: 'gewe_gateway_upstream_calls_total',
    help: 'Calls to the upstream, by operation and what became of them.',
    labelNames: ['operation', 'outcome'],
    registers,
  });
  const storeErrors = new Counter({
    name: 'gewe_gateway_store_errors_total',
    help: 'Times that a store could not be used.',
    labelNames: ['store'],
    registers,
  });
  // A series that begins with its first error shows no increase.
  for (const store of ['lists', 'quotas']) storeErrors.inc({ store }, 0);
  const breakerOpen = new Gauge({
    name: 'gewe_gateway_breaker_open',
    help: '1 while the upstream as a whole is held to be down.',
    registers,
  });
  new Gauge({
    name: 'gewe_gateway_list_calls_under_way',
    help: 'Slow fetchContactsList calls that run now.',
    registers,
    collect() {
      this.set(gauges.listCallsUnderWay());
    },
  });
  const listCallsTurnedAway = new Counter({
    name: 'gewe_gateway_list_calls_turned_away_total',
    help: 'Callers of fetchContactsList for whom no slow call was made, because list.maxCallsUnderWay were under way.',
    registers,
  });
  const droppedLines = new Counter({
    name: 'gewe_gateway_log_lines_dropped_total',
    help: 'Lines of the log that were dropped, because nobody read those before them.',
    registers,
  });
  const refusedUnread = new Counter({
    name: 'gewe_gateway_refused_unread_total',
    help: 'What was refused on either listener before it was a request: not HTTP, too large, or too slow.',
    labelNames: ['status'],
    registers,
  });
  new Gauge({
    name: 'gewe_gateway_token_rejected',
    help: '1 while the upstream turns the token away.',
    registers,
    collect() {
      this.set(gauges.tokenRejected() ? 1 : 0);
    },
  });

  return {
    request({ operation, client, status, code, source, durationMs }) {
      const label = operationLabel(operation);
      requests.inc({
        operation: label,
        client: client ?? 'none',
        status: status ?? 'left',
        code: code ?? 'none',
        source: source ?? 'none',
      });
      duration.observe({ operation: label }, durationMs / 1000);
    },
    upstreamCall(operation, outcome) {
      const label = operation === 'checkOnline' ? operation : operationLabel(operation);
      upstreamCalls.inc({ operation: label, outcome: outcome.kind });
    },
    storeError: (store) => storeErrors.inc({ store }),
    listCallTurnedAway: () => listCallsTurnedAway.inc(),
    logLinesDropped: (lines) => droppedLines.inc(lines),
    refusedUnread: (status) => refusedUnread.inc({ status }),
    breaker: (state) => breakerOpen.set(state.kind === 'open' ? 1 : 0),
    withProcess: () => collectDefaultMetrics({ register: registry, prefix: 'gewe_gateway_' }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
