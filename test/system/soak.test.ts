/**
 * Every fault under every kind of load, round after round: each request has one answer and one line in the log, and memory,
 * sockets and timers are given back.
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
/** After one to warm up. */
const ROUNDS = budget(3, 9);
const AT_ONCE = 32;

/** Each of them has to have come to somebody. */
const STATUSES = [200, 400, 401, 403, 404, 405, 413, 415, 429, 502, 504];
/** Idle timers of Node and of its libraries that had not begun before the load. */
const SPARE_TIMERS = 3;
/** What the caches may still take after the warm-up. */
const GROWN_BYTES = 20_000_000;
/**
 * A round. What is kept of a request by mistake comes with its socket, headers and body, 10 kB or more: in the short
 * load that is 5 MB a round, in the long one it is seen where every fiftieth request is kept.
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

/** As a careful operator does: the file is never half there. */
async function rewriteClients(note: string): Promise<void> {
  await writeFile(join(folder.path, 'new.yaml'), soakClients(note));
  await rename(join(folder.path, 'new.yaml'), join(folder.path, 'clients.yaml'));
}

/** All faults one after the other under load, then a well and quiet upstream without a connection. */
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
  // Connections that the gateway keeps for the next call are not leaked ones.
  await inflict({ kind: 'stopped' });
  await inflict(WELL);
}

/** The statuses of the log's lines for each request; undefined where its caller left. */
function loggedStatuses(): Map<string, (number | undefined)[]> {
  const lines = gateway.process.output().split('\n');
  const requests = lines
    .filter((line) => line.includes('"msg":"request"'))
    .map((line) => JSON.parse(line) as { requestId: string; status?: number });
  const byId = Map.groupBy(requests, ({ requestId }) => requestId);
  return new Map([...byId].map(([id, found]) => [id, found.map(({ status }) => status)]));
}

/**
 * Bytes that a round adds. The middle one of the slopes between all pairs of measurements (Theil and Sen): a cache that
 * fills up, or code that is compiled or dropped, moves one measurement; a leak moves each by as much as the one before.
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
    // A load that was not served, or met no fault and no leaving caller, would prove nothing.
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
