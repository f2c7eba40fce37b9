/** Requests per second against those of the peers, and how slow the slowest 1 % are. */
import { setTimeout } from 'node:timers/promises';
import { answersRightly, refusesWrongKey } from '../load/right-answers.ts';
import {
  acceptedContact,
  compressed,
  forwardedCall,
  type Request,
  savedList,
} from '../load/requests.ts';
import { wrk, type WrkReport } from '../load/wrk.ts';
import type { Goal, Row } from '../report/row.ts';
import { median, ratios } from '../report/stats.ts';
import { inFolder } from '../setup/folder.ts';
import { type ServerName, type Servers, startServers } from '../setup/servers.ts';
import { type Bench, type Options, say } from './bench.ts';

/** Between two loads: what the first one left behind must not slow down the second. */
const REST_MS = 500;

interface Load {
  readonly server: ServerName;
  readonly request: Request;
}

interface Plan {
  readonly what: string;
  readonly goal?: Goal;
  readonly ours: Load;
  /** None: the row is the gateway's 99th percentile divided by its median. */
  readonly theirs?: Load;
  /** A peer whose 99th percentile is shown beside the gateway's: how steady the machine is. */
  readonly beside?: Load;
}

const load = (server: ServerName, request: Request): Load => ({ server, request });
const forwarded = load('gateway', forwardedCall);
const saved = load('gateway', savedList);
const accepted = load('gateway', acceptedContact);
const before = (request: Request) => load('before', request);
const fastify = load('fastify', forwardedCall);
const readyBuffer = load('readyBuffer', savedList);
const nginxGzip = load('nginx', compressed('gzip'));

const plans: Readonly<Record<string, Plan>> = {
  'forwarded-express': {
    what: 'a small forwarded call, against an Express with the usual packages',
    goal: { atLeast: 1.3 },
    ours: forwarded,
    theirs: load('usualExpress', forwardedCall),
  },
  'forwarded-fastify': {
    what: 'a small forwarded call, against Fastify with the same duties',
    goal: { atLeast: 1 },
    ours: forwarded,
    theirs: fastify,
  },
  'forwarded-bare': {
    what: 'a small forwarded call, against Express with only http-proxy-middleware',
    ours: forwarded,
    theirs: load('bareExpress', forwardedCall),
  },
  'forwarded-nginx': {
    what: 'a small forwarded call, against nginx’s `proxy_pass`',
    ours: forwarded,
    theirs: load('nginx', forwardedCall),
  },
  'list-buffer': {
    what: 'a saved list of 5,000 friends, against Express that sends a ready Buffer',
    goal: { atLeast: 0.9 },
    ours: saved,
    theirs: readyBuffer,
  },
  'list-nginx': {
    what: 'a saved list of 5,000 friends, against a hit of nginx’s `proxy_cache`',
    goal: { atLeast: 0.4 },
    ours: saved,
    theirs: load('nginx', savedList),
  },
  'list-json': {
    what: 'a saved list of 5,000 friends, against Express that sends it through `res.json`',
    goal: { atLeast: 3 },
    ours: saved,
    theirs: load('readyObject', savedList),
  },
  'list-gzip': {
    what: 'a saved list with gzip, against nginx with `gzip on`',
    goal: { atLeast: 4.5 },
    ours: load('gateway', compressed('gzip')),
    theirs: nginxGzip,
  },
  'list-br': {
    what: 'a saved list with br, against nginx with `gzip on`',
    goal: { atLeast: 4.5 },
    ours: load('gateway', compressed('br')),
    theirs: nginxGzip,
  },
  'add-contacts': {
    what: 'an addContacts that is accepted and durable, against the forwarded call',
    goal: { atLeast: 0.6 },
    ours: accepted,
    theirs: forwarded,
  },
  'before-forwarded': {
    what: 'a small forwarded call, against the version in --before',
    ours: forwarded,
    theirs: before(forwardedCall),
  },
  'before-list': {
    what: 'a saved list of 5,000 friends, against the version in --before',
    ours: saved,
    theirs: before(savedList),
  },
  'before-add-contacts': {
    what: 'an addContacts that is accepted and durable, against the version in --before',
    ours: accepted,
    theirs: before(acceptedContact),
  },
  'tail-forwarded': {
    what: 'the slowest 1 % of forwarded calls, against the median',
    goal: { atMost: 3 },
    ours: forwarded,
    beside: fastify,
  },
  'tail-list': {
    what: 'the slowest 1 % of saved lists, against the median',
    goal: { atMost: 3 },
    ours: saved,
    beside: readyBuffer,
  },
  'tail-add-contacts': {
    what: 'the slowest 1 % of accepted addContacts, against the median',
    goal: { atMost: 3 },
    ours: accepted,
  },
};

export const throughput: Bench = {
  names: Object.keys(plans),
  needs: ['taskset', 'nginx', 'wrk'],
  onTwoCores: true,
  async measure(wanted, options) {
    const chosen = Object.entries(plans)
      .filter(([name]) => wanted.has(name))
      .filter(([, { theirs }]) => theirs?.server !== 'before' || options.before !== undefined);
    const loads = new Set(
      chosen.flatMap(([, { ours, theirs, beside }]) =>
        [ours, theirs, beside].filter((each) => each !== undefined),
      ),
    );
    const reports = await inFolder((folder) => measureAll([...loads], folder, options));
    return chosen.map(([name, plan]) => row(name, plan, reports));
  },
};

type Reports = ReadonlyMap<Load, readonly WrkReport[]>;

/** Measures all loads once in each round, so that a disturbance of the machine meets all of them. */
async function measureAll(
  loads: readonly Load[],
  folder: string,
  { rounds, seconds, before: checkout }: Options,
): Promise<Reports> {
  const servers = await startServers(
    loads.map(({ server }) => server),
    folder,
    checkout,
  );
  const reports = new Map(loads.map((each) => [each, [] as WrkReport[]]));
  try {
    for (const each of loads) {
      await check(servers, each);
      await wrk(servers.url(each.server), each.request, Math.ceil(seconds / 2));
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const [each, done] of reports) {
        await setTimeout(REST_MS);
        done.push(await wrk(servers.url(each.server), each.request, seconds));
      }
      say(`throughput: round ${round} of ${rounds}`);
    }
  } finally {
    await servers.stop();
  }
  return reports;
}

async function check(servers: Servers, { server, request }: Load): Promise<void> {
  const url = servers.url(server);
  await answersRightly(server, url, request);
  if (['gateway', 'before', 'fastify', 'nginx'].includes(server)) {
    await refusesWrongKey(server, url, request);
  }
}

function row(name: string, { what, goal, ours, theirs, beside }: Plan, all: Reports): Row {
  const reports = all.get(ours) ?? [];
  if (theirs === undefined) {
    const context = [tail(reports).context];
    if (beside)
      context.push(`${beside.server} ${median(tail(all.get(beside) ?? []).values).toFixed(2)}`);
    return {
      name,
      what,
      unit: '×',
      goal,
      values: tail(reports).values,
      context: context.join('; '),
    };
  }
  const [we, they] = [perSecond(reports), perSecond(all.get(theirs) ?? [])];
  const context = `${whole(median(we))} against ${whole(median(they))} a second`;
  return { name, what, unit: '×', goal, values: ratios(we, they), context };
}

/** The 99th percentile against the median, in each round. */
function tail(reports: readonly WrkReport[]) {
  const p99 = reports.map(({ p99Ms }) => p99Ms);
  const p50 = reports.map(({ medianMs }) => medianMs);
  const context = `${median(p99).toFixed(1)} ms against ${median(p50).toFixed(1)} ms`;
  return { values: ratios(p99, p50), context };
}

function perSecond(reports: readonly WrkReport[]): readonly number[] {
  return reports.map((report) => report.perSecond);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
