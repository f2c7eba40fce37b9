/**
 * What the gateway adds to a call's time at a steady rate, against what Fastify with the same duties adds. Added is the time
 * through it minus the time of the upstream asked directly at the same rate.
 */
import assert from 'node:assert/strict';
import { callSteadily, type OpenLoopReport } from '../load/call-steadily.ts';
import { forwardedCall, headersOf } from '../load/requests.ts';
import { answersRightly } from '../load/right-answers.ts';
import { CONNECTIONS, wrk } from '../load/wrk.ts';
import type { Row } from '../report/row.ts';
import { median, ratios } from '../report/stats.ts';
import { TOKEN } from '../setup/built-gateway.ts';
import { inFolder } from '../setup/folder.ts';
import { type Servers, startServers } from '../setup/servers.ts';
import { type Bench, type Options, say } from './bench.ts';

/** Of the highest rate that both can hold. */
const SHARE_OF_KNEE = 0.3;

const percentiles = {
  'added-latency-p50': { of: 'p50Ms', what: 'at the median' },
  'added-latency-p99': { of: 'p99Ms', what: 'at the 99th percentile' },
} as const;

/** One report for each round. */
interface Reports {
  readonly direct: OpenLoopReport[];
  readonly gateway: OpenLoopReport[];
  readonly fastify: OpenLoopReport[];
}

export const addedLatency: Bench = {
  names: Object.keys(percentiles),
  needs: ['taskset', 'nginx', 'wrk'],
  onTwoCores: true,
  async measure(wanted, options) {
    const { reports, perSecond } = await inFolder((folder) => measureAll(folder, options));
    return Object.entries(percentiles)
      .filter(([name]) => wanted.has(name))
      .map(([name, { of, what }]): Row => {
        const added = (server: 'gateway' | 'fastify') =>
          reports[server].map((report, round) => report[of] - (reports.direct[round]?.[of] ?? NaN));
        const [ours, theirs] = [added('gateway'), added('fastify')];
        return {
          name,
          what: `latency added ${what} at a steady rate, against Fastify with the same duties`,
          unit: '×',
          goal: { atMost: 1 },
          values: ratios(ours, theirs),
          context: `${median(ours).toFixed(2)} ms against ${median(theirs).toFixed(2)} ms at ${perSecond} calls a second`,
        };
      });
  },
};

async function measureAll(
  folder: string,
  { rounds, seconds }: Options,
): Promise<{ readonly reports: Reports; readonly perSecond: number }> {
  const servers = await startServers(['gateway', 'fastify'], folder);
  const reports: Reports = { direct: [], gateway: [], fastify: [] };
  const urls = {
    direct: servers.upstream,
    gateway: servers.url('gateway'),
    fastify: servers.url('fastify'),
  };
  try {
    const perSecond = Math.round((await knee(servers, seconds)) * SHARE_OF_KNEE);
    // The first round is to warm up.
    for (let round = 0; round <= rounds; round += 1) {
      for (const server of ['direct', 'gateway', 'fastify'] as const) {
        const report = await steadily(urls[server], perSecond, round === 0 ? 1 : 2 * seconds);
        if (round > 0) reports[server].push(report);
      }
      if (round > 0) say(`added latency: round ${round} of ${rounds}`);
    }
    return { reports, perSecond };
  } finally {
    await servers.stop();
  }
}

/** Calls per second at which the slower of the two has no time left. */
async function knee(servers: Servers, seconds: number): Promise<number> {
  const rates: number[] = [];
  for (const server of ['gateway', 'fastify'] as const) {
    const url = servers.url(server);
    await answersRightly(server, url, forwardedCall);
    await wrk(url, forwardedCall, 1);
    rates.push((await wrk(url, forwardedCall, seconds)).perSecond);
  }
  return Math.min(...rates);
}

async function steadily(url: string, perSecond: number, seconds: number): Promise<OpenLoopReport> {
  const report = await callSteadily({
    url: `${url}/contacts/${forwardedCall.operation}`,
    headers: { ...headersOf(forwardedCall), 'x-gewe-token': TOKEN },
    body: forwardedCall.body,
    perSecond,
    seconds,
    connections: CONNECTIONS,
  });
  assert.deepEqual(report.statuses, { 200: Math.round(perSecond * seconds) }, url);
  return report;
}
