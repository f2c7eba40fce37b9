/**
 * Every fault under every kind of load, in several rounds: each request has one response and one log line, and memory,
 * sockets and timers are released.
 */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { budget } from '../support/budget.ts';
import { eventually } from '../support/eventually.ts';
import {
  startMeasuredGateway,
  type Handles,
  type MeasuredGateway,
} from '../support/measured-gateway.ts';
import { SEED, seededRandom } from '../support/seeded-random.ts';
import { emptyTally, soakCallers, type Tally } from './soak/soak-callers.ts';
import { FAULTS, faultsOf, type Inflict } from './soak/soak-faults.ts';
import { SOAK_ENV, soakClients } from './soak/soak-requests.ts';
import { TOKEN } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const POLICY = `
list: { memoryBytes: 4194304 }
breaker: { probeEverySeconds: 0.2 }
addContacts: { accountAge: { unknown: trust }, add: { minimumGapSeconds: 0 } }
`;

const WELL = FAULTS[0] as (typeof FAULTS)[number];
const REQUESTS_A_FAULT = budget(40, 1000);
/** After one warm-up round. */
const ROUNDS = budget(3, 9);
const AT_ONCE = 32;

/** Each of these statuses must occur. */
const STATUSES = [200, 400, 401, 403, 404, 405, 413, 415, 429, 502, 504];
/** Idle timers of Node and its libraries that started only during the load. */
const SPARE_TIMERS = 3;
/** What caches may still grow after the warm-up. */
const GROWN_BYTES = 20_000_000;
/**
 * The limit per round. A leaked request keeps its socket, headers and body, 10 kB or more: in the short load that is 5
 * MB a round; in the long one, a leak of every fiftieth request is noticed.
 */
const GROWTH_BYTES = 2_000_000;

type Random = ReturnType<typeof seededRandom>;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let simulator: Simulator;
let inflict: Inflict;
let gateway: MeasuredGateway;

beforeEach(async () => {
  folder = await temporaryFolder();
  simulator = createSimulator({ token: TOKEN });
  const { port, baseUrl } = await simulator.start();
  inflict = faultsOf(simulator, port);
  await writeFile(join(folder.path, 'policy.yaml'), POLICY);
  await rewriteClients('at first');
  gateway = await startMeasuredGateway(folder.path, {
    ...SOAK_ENV,
    GEWE_BASE_URL: baseUrl,
    GEWE_TOKEN: TOKEN,
    GATEWAY_CONFIG: 'policy.yaml',
    GATEWAY_CLIENTS: 'clients.yaml',
    LIST_DEADLINE_MS: '100',
    LIST_CACHE_DEADLINE_MS: '50',
    LIST_POLL_MS: '100',
    LIST_HARD_LIMIT_MS: '500',
    GEWE_TIMEOUT_MS: '200',
  });
});
afterEach(async () => {
  await gateway.end();
  await simulator.stop();
  await folder.remove();
});

/** As a careful operator does: the file is never incomplete. */
async function rewriteClients(note: string): Promise<void> {
  await writeFile(join(folder.path, 'new.yaml'), soakClients(note));
  await rename(join(folder.path, 'new.yaml'), join(folder.path, 'clients.yaml'));
}

/** All faults in sequence under load, then a working upstream without a connection. */
async function round(name: string, random: Random, tally: Tally): Promise<void> {
  const callers = soakCallers(gateway.url, name, random, tally);
  for (const fault of FAULTS) {
    await inflict(fault);
    await rewriteClients(`${name} ${fault.kind}`);
    await callers.send(REQUESTS_A_FAULT, AT_ONCE);
  }
  callers.end();
  const quiet = async () => (await gateway.metric('list_calls_under_way')) === 0;
  expect(await eventually(quiet)).toBe(true);
  // Connections that the gateway keeps for the next call are not leaks.
  await inflict({ kind: 'stopped' });
  await inflict(WELL);
}

/** The statuses in the log for each request; undefined if its caller left. */
function loggedStatuses(): Map<string, (number | undefined)[]> {
  const lines = gateway.process.output().split('\n');
  const requests = lines
    .filter((line) => line.includes('"msg":"request"'))
    .map((line) => JSON.parse(line) as { requestId: string; status?: number });
  const byId = Map.groupBy(requests, ({ requestId }) => requestId);
  return new Map([...byId].map(([id, found]) => [id, found.map(({ status }) => status)]));
}

/**
 * The growth per round in bytes: the median of the slopes between all pairs of measurements (Theil and Sen). A cache
 * that fills up, or compiled code, changes one measurement; a leak changes each by the same amount.
 */
function growth(bytes: readonly number[]): number {
  const slopes = bytes.flatMap((first, i) =>
    bytes.slice(i + 1).map((later, n) => (later - first) / (n + 1)),
  );
  return slopes.sort((a, b) => a - b)[Math.floor(slopes.length / 2)] ?? NaN;
}

test(
  'under every load and fault, each request gets one response and one log line, and all memory and handles are released',
  async () => {
    const opened = await gateway.handles();
    const tally = emptyTally();
    const random = seededRandom();
    await round('warm-up', random, tally);
    const holdings = [await gateway.holding()];
    for (let n = 1; n <= ROUNDS; n++) {
      await round(`round-${n}`, random, tally);
      holdings.push(await gateway.holding());
    }

    const { answered, left, neverSent, wrong } = tally;
    expect({ seed: SEED, wrong }).toEqual({ seed: SEED, wrong: [] });
    // A load without responses, faults or leaving callers would prove nothing.
    const seen = new Set(answered.values());
    expect(STATUSES.filter((status) => !seen.has(status))).toEqual([]);
    expect(Math.min(left.size, neverSent.size)).toBeGreaterThan(ROUNDS);

    await eventually(async () => loggedStatuses().size >= answered.size + left.size);
    const logged = loggedStatuses();
    const badlyLogged = [...answered].filter(([id, status]) => {
      const lines = logged.get(id) ?? [];
      return lines.length !== 1 || lines[0] !== status;
    });
    expect(badlyLogged).toEqual([]);
    expect([...left].filter((id) => logged.get(id)?.length !== 1)).toEqual([]);
    expect(logged.size).toBe(answered.size + left.size);

    let open: Handles = opened;
    const closed = async () => {
      open = await gateway.handles();
      return open.fds <= opened.fds && open.handles <= opened.handles;
    };
    expect((await eventually(closed)) ? 'all closed' : { opened, open }).toBe('all closed');
    expect(open.resources).toBeLessThanOrEqual(opened.resources + SPARE_TIMERS);

    const heap = holdings.map(({ heapBytes }) => heapBytes);
    const outside = holdings.map(({ outsideBytes }) => outsideBytes);
    for (const bytes of [heap, outside]) {
      expect((bytes.at(-1) ?? NaN) - (bytes[0] ?? NaN)).toBeLessThan(GROWN_BYTES);
      expect(growth(bytes)).toBeLessThan(GROWTH_BYTES);
    }
  },
  budget(600_000, 3_600_000),
);
