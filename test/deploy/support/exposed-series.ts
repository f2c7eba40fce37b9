import { REFUSALS } from '../../../src/errors.ts';
import { createMetrics } from '../../../src/ops/metrics.ts';

/** Every metric that `GET /metrics` can print, with the labels of its series. */
export async function exposedSeries(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const metrics = createMetrics({
    listCallsUnderWay: () => 0,
    tokenRejected: () => false,
    watchedFiles: () => ({ clients: true, token: true }),
  });
  metrics.withProcess();
  metrics.request({
    requestId: 'r',
    client: 'crm',
    operation: 'search',
    subject: undefined,
    appId: 'wx_a',
    source: 'live',
    status: 200,
    code: undefined,
    rule: undefined,
    retryAt: undefined,
    path: undefined,
    origin: undefined,
    durationMs: 1,
    upstreamMs: 1,
    cause: undefined,
  });
  metrics.upstreamCall('search', { kind: 'timeout' }, 1);
  metrics.storeError('quotas');
  metrics.refusedUnread(400);

  const series = new Map<string, Set<string>>();
  for (const line of (await metrics.text()).split('\n')) {
    const [, name, labels = ''] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (name === undefined) continue;
    const known = series.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) known.add(label);
    series.set(name, known);
  }
  return series;
}

/** The values of the labels that have a fixed set. */
export const LABEL_VALUES: Readonly<Record<string, readonly string[]>> = {
  code: ['none', ...Object.keys(REFUSALS)],
  source: ['none', 'live', 'saved', 'gewe-cache', 'replayed'],
  store: ['lists', 'quotas'],
  file: ['clients', 'token'],
  outcome: ['answered', 'token-rejected', 'invalid', 'unreachable', 'timeout', 'aborted'],
};
