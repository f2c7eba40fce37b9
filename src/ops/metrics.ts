import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type CounterConfiguration,
  type HistogramConfiguration,
} from 'prom-client';
import type { BreakerState } from '../contacts-list/breaker.ts';
import { operationLabel } from '../gewe/operations.ts';
import type { Outcome } from '../gewe/outcome.ts';
import type { RequestRecord } from '../steps/record.ts';
import { VERSION } from '../version.ts';
import type { WatchedFiles } from './health.ts';

export interface Metrics {
  request(record: RequestRecord): void;
  /** @param durationMs of the whole call, milliseconds */
  upstreamCall(operation: string, outcome: Outcome, durationMs: number): void;
  storeError(store: (typeof STORES)[number]): void;
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

interface Gauges {
  listCallsUnderWay(): number;
  tokenRejected(): boolean;
  watchedFiles(): WatchedFiles;
}

/** Labels are of a fixed set of values, or from the operator's own files: no caller can add a series. */
export function createMetrics(gauges: Gauges): Metrics {
  const registry = new Registry();
  const registers = [registry];
  addGauges(registers, gauges);
  addBuildInfo(registers);
  const { countRequest, observeRequest, observeUpstreamCall } = callMetrics(registers);
  const { storeErrors, breakerOpen, listCallsTurnedAway, droppedLines, refusedUnread } =
    incidentMetrics(registers);

  return {
    request({ operation, client, status, code, source, durationMs }) {
      const label = operationLabel(operation);
      countRequest(label, client ?? 'none', status ?? 'left', code ?? 'none', source ?? 'none');
      observeRequest(durationMs / 1000, label);
    },
    upstreamCall(operation, outcome, durationMs) {
      const label = operation === 'checkOnline' ? operation : operationLabel(operation);
      observeUpstreamCall(durationMs / 1000, label, outcome.kind);
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

/** What is asked for at each scrape. */
function addGauges(
  registers: Registry[],
  { listCallsUnderWay, tokenRejected, watchedFiles }: Gauges,
): void {
  new Gauge({
    name: 'gewe_gateway_list_calls_under_way',
    help: 'Slow fetchContactsList calls that run now.',
    registers,
    collect() {
      this.set(listCallsUnderWay());
    },
  });
  new Gauge({
    name: 'gewe_gateway_token_rejected',
    help: '1 while the upstream turns the token away.',
    registers,
    collect() {
      this.set(tokenRejected() ? 1 : 0);
    },
  });
  new Gauge({
    name: 'gewe_gateway_config_reload_ok',
    help: '1 if the file as it is now is in force, 0 if it could not be taken over. Only for files that are used.',
    labelNames: ['file'],
    registers,
    collect() {
      for (const [file, isTakenOver] of Object.entries(watchedFiles())) {
        if (isTakenOver !== undefined) this.set({ file }, isTakenOver ? 1 : 0);
      }
    },
  });
}

function addBuildInfo(registers: Registry[]): void {
  const info = new Gauge({
    name: 'gewe_gateway_build_info',
    help: 'Always 1; the version is in its label.',
    labelNames: ['version'],
    registers,
  });
  info.set({ version: VERSION }, 1);
}

/** What every request and every call adds to. */
function callMetrics(registers: Registry[]) {
  const countRequest = createTally({
    name: 'gewe_gateway_requests_total',
    help: 'Requests answered, by operation, client, HTTP status, refusal code and source of the answer.',
    labelNames: ['operation', 'client', 'status', 'code', 'source'],
    registers,
  });
  const observeRequest = createObservations({
    name: 'gewe_gateway_request_duration_seconds',
    help: 'From the request to the end of its answer.',
    labelNames: ['operation'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 30],
    registers,
  });
  const observeUpstreamCall = createObservations(
    {
      name: 'gewe_gateway_upstream_duration_seconds',
      help: 'From a call to the upstream to the end of its answer, by operation and what became of it.',
      labelNames: ['operation', 'outcome'],
      // A list may take as long as LIST_HARD_LIMIT_MS.
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
      registers,
    },
    {
      name: 'gewe_gateway_upstream_calls_total',
      help: 'Calls to the upstream, by operation and what became of them.',
      registers,
    },
  );
  return { countRequest, observeRequest, observeUpstreamCall };
}

const STORES = ['lists', 'quotas', 'sessions', 'issuers', 'history'] as const;

/** What somebody should hear of. */
function incidentMetrics(registers: Registry[]) {
  const storeErrors = new Counter({
    name: 'gewe_gateway_store_errors_total',
    help: 'Times that a store could not be used.',
    labelNames: ['store'],
    registers,
  });
  // A series that begins with its first error shows no increase.
  for (const store of STORES) storeErrors.inc({ store }, 0);
  const breakerOpen = new Gauge({
    name: 'gewe_gateway_breaker_open',
    help: '1 while the upstream as a whole is held to be down.',
    registers,
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
  return { storeErrors, breakerOpen, listCallsTurnedAway, droppedLines, refusedUnread };
}

/**
 * A counter whose labels are looked up at a scrape. prom-client sorts and hashes them at each count, which every request
 * would pay for.
 *
 * @returns counts one, by the values of its labels in their order
 */
function createTally(config: CounterConfiguration<string> & { labelNames: string[] }) {
  const counts = new Map<string, number>();
  new Counter({
    ...config,
    collect() {
      for (const [key, count] of counts) this.inc(labelsOf(key), count);
      counts.clear();
    },
  });
  const labelsOf = (key: string) => labelsFrom(config.labelNames, key.split(SEPARATOR));
  return (...values: readonly (string | number)[]): void => {
    const key = values.join(SEPARATOR);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
}

/** Observations that wait for a scrape, at most. */
const MOST_OBSERVATIONS = 1000;

/**
 * A histogram that sorts what it observed into its buckets at a scrape, or a thousand at a time: many at once cost a
 * fraction of one by one.
 *
 * @param counted a counter of the same observations, with the same labels
 * @returns observes a value, by the values of its one or two labels in their order
 */
function createObservations(
  config: HistogramConfiguration<string> & { labelNames: string[] },
  counted?: Omit<CounterConfiguration<string>, 'labelNames'>,
) {
  const { labelNames } = config;
  const waiting = new Map<string, Map<string, number[]>>();
  let observed = 0;
  const histogram = new Histogram({ ...config, collect: sort });
  const counter = counted && new Counter({ ...counted, labelNames, collect: sort });

  function sort(): void {
    for (const [first, others] of waiting) {
      for (const [second, values] of others) {
        const labels = labelsFrom(labelNames, [first, second]);
        for (const value of values) histogram.observe(labels, value);
        counter?.inc(labels, values.length);
      }
    }
    waiting.clear();
    observed = 0;
  }

  // Every request comes here, so nothing is made but an entry.
  return (value: number, first: string, second = ''): void => {
    const others = waiting.get(first);
    const values = others?.get(second);
    if (values !== undefined) values.push(value);
    else if (others !== undefined) others.set(second, [value]);
    else waiting.set(first, new Map([[second, [value]]]));
    observed += 1;
    if (observed === MOST_OBSERVATIONS) sort();
  };
}

/** Labels by their names. Values without a name are left out. */
function labelsFrom(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']));
}

/** In no value of a label. */
const SEPARATOR = '\0';
