/** `kill -9` at random moments under load, round after round on one SQLite file. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { budget } from '../support/budget.ts';
import { chargedOf, isAdd } from '../support/add-contacts.ts';
import {
  gatewayProcesses,
  type GatewayProcesses,
  type RunningGateway,
} from '../support/gateway-processes.ts';
import { type HttpAnswer, readiness } from '../support/http-client.ts';
import { askList, ONLY_IF_CACHED } from '../support/lists.ts';
import { createLoad, faultOf, sendAdd, type Add, type Load } from './kill-9/load.ts';
import { SEED, seededRandom } from '../support/seeded-random.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROUNDS = budget(3, 40);
const FEWEST_CALLS = 20;
const MORE_CALLS = budget(50, 150);
const POLICY = `
addContacts:
  accountAge: { unknown: trust }
  add:
    perDay: [{ fromDay: 0, limit: 100000 }]
    perTwoHours: 100000
    minimumGapSeconds: 0
    target: { minimumGapSeconds: 0 }
`;

interface Asked {
  readonly add: Add;
  readonly wasSent: boolean;
  readonly again: HttpAnswer;
}

interface Restart {
  readonly ready: unknown;
  /** The increase of the charges, and the attempts made meanwhile. */
  readonly accounts: readonly {
    readonly charged: number;
    readonly sent: number;
    readonly cutOff: number;
  }[];
  readonly listFaults: readonly string[];
  /** The responses to Idempotency-Keys that were sent again. */
  readonly answered: readonly Asked[];
  readonly underWay: readonly Asked[];
}

const random = seededRandom();
const restarts: Restart[] = [];
const chargedBefore = new Map<string, number>();
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gateways: GatewayProcesses;
let load: Load;
let file: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  file = join(folder.path, 'gateway.db');
  gateways = await gatewayProcesses({
    folder: folder.path,
    policy: POLICY,
    env: { STORE_URL: `sqlite:${file}` },
  });
  load = createLoad(gateways.simulator);
  let gateway = await gateways.start();
  for (let round = 1; round <= ROUNDS; round++) {
    const before = load.adds.length;
    const loaded = load.on(gateway, round);
    await randomMoment();
    await gateways.kill(gateway);
    await loaded;
    gateway = await gateways.start();
    restarts.push(await lookAround(gateway, load.adds.slice(before)));
  }
  await gateways.kill(gateway);
}, ROUNDS * 20_000);
afterAll(async () => {
  await gateways.stop();
  await folder.remove();
});

/** After this many upstream calls, and then at a random point of the following work. */
async function randomMoment(): Promise<void> {
  const { calls, waitForCall } = gateways.simulator;
  await waitForCall(() => true, calls.length + FEWEST_CALLS + random(MORE_CALLS));
  for (let turns = random(50); turns > 0; turns--) await setImmediate();
}

/** The number of upstream calls for each `v3`. */
function sentCounts(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { body } of gateways.simulator.calls.filter(isAdd)) {
    const { v3 } = JSON.parse(body.toString()) as { v3: string };
    counts.set(v3, (counts.get(v3) ?? 0) + 1);
  }
  return counts;
}

async function lookAround(gateway: RunningGateway, adds: readonly Add[]): Promise<Restart> {
  const ready = await readiness(gateway.url);
  const sent = sentCounts();
  const appIds = [...new Set(adds.map((add) => add.appId))];
  const accounts = await inTurn(appIds, async (appId) => {
    const unsure = adds.filter((add) => add.appId === appId && !sent.has(add.v3));
    return {
      charged: (await charged(gateway, appId)) - (chargedBefore.get(appId) ?? 0),
      sent: adds.filter((add) => add.appId === appId).length - unsure.length,
      cutOff: unsure.filter(({ answer }) => answer === undefined).length,
    };
  });
  const listFaults = await inTurn([...load.lists], async ([appId, state]) =>
    faultOf(await askList(gateway, appId, ONLY_IF_CACHED), appId, state),
  );
  const ask = async (add: Add): Promise<Asked> => {
    const again = await sendAdd(gateway.url, add);
    return { add, wasSent: sent.has(add.v3), again };
  };
  const keyed = adds.filter((add) => add.keyed);
  const answered = await inTurn(
    keyed.filter((add) => add.answer !== undefined),
    ask,
  );
  const underWay = await inTurn(
    keyed.filter((add) => add.answer === undefined),
    ask,
  );
  for (const appId of appIds) chargedBefore.set(appId, await charged(gateway, appId));
  return {
    ready,
    accounts,
    listFaults: listFaults.filter((fault) => fault !== undefined),
    answered,
    underWay,
  };
}

const charged = (gateway: RunningGateway, appId: string) =>
  chargedOf(gateway, appId, 'add-per-day');

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

/** The failures of a run name its seed. */
function expectNone(wrong: readonly unknown[]): void {
  expect({ TEST_SEED: SEED, wrong }).toEqual({ TEST_SEED: SEED, wrong: [] });
}

const isReplayed = ({ headers }: HttpAnswer) => headers['idempotency-replayed'] === 'true';
const shown = ({ add, again, wasSent }: Asked) => ({
  v3: add.v3,
  wasSent,
  status: again.status,
  replayed: isReplayed(again),
  before: add.answer?.body.toString(),
  again: again.body.toString(),
});

describe('a gateway killed under load', () => {
  test('starts again every time', () => {
    const ready = { status: 200, notReady: [] };
    expect(restarts.map((restart) => restart.ready)).toEqual(Array(ROUNDS).fill(ready));
  });

  test('has charged every attempt that reached the upstream, and no others but those cut off', () => {
    const accounts = restarts.flatMap((restart) => restart.accounts);
    expect(accounts.length).toBeGreaterThan(ROUNDS);
    expectNone(
      accounts.filter(({ charged, sent, cutOff }) => charged < sent || charged > sent + cutOff),
    );
  });

  test('was killed during attempts, and all its responses to others were 200', () => {
    const answers = load.adds.flatMap(({ answer }) => answer ?? []);
    expectNone(answers.filter(({ status }) => status !== 200));
    expect(answers.length).toBeGreaterThan(ROUNDS * 5);
    expect(load.adds.length).toBeGreaterThan(answers.length);
  });

  test('replays the same bytes for every Idempotency-Key that had a response', () => {
    const answered = restarts.flatMap((restart) => restart.answered);
    expect(answered.length).toBeGreaterThan(ROUNDS);
    const isSame = ({ add, again }: Asked) =>
      isReplayed(again) && again.status === 200 && add.answer?.body.equals(again.body);
    expectNone(answered.filter((asked) => !isSame(asked)).map(shown));
  });

  test('replays an unfinished Idempotency-Key as a timeout, and sends it only if the upstream did not get it', () => {
    const underWay = restarts.flatMap((restart) => restart.underWay);
    const isRight = ({ again, wasSent }: Asked) =>
      isReplayed(again)
        ? again.status === 200 || again.json()['code'] === 'upstream-timeout'
        : again.status === 200 && !wasSent;
    expectNone(underWay.filter((asked) => !isRight(asked)).map(shown));
  });

  test('never sends an attempt twice', () => {
    expectNone([...sentCounts()].filter(([, count]) => count > 1));
  });

  test('has complete lists, none older than a live one that a caller got', () => {
    expectNone([...load.wrongLists, ...restarts.flatMap((restart) => restart.listFaults)]);
    for (const { got } of load.lists.values()) expect(got).toBeGreaterThan(0);
  });

  test('leaves a file that passes the integrity check of SQLite', () => {
    const database = new DatabaseSync(file);
    const found = database.prepare('PRAGMA integrity_check').all();
    database.close();
    expect(found).toEqual([{ integrity_check: 'ok' }]);
  });
});
