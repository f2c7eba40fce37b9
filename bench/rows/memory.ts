/** 20,000 accounts of 5,000 friends: how much memory does the gateway have, and how long does a saved list take? */
import pLimit from 'p-limit';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { openStores } from '../../src/stores/open.ts';
import { addressBook, appIdOf } from '../load/address-books.ts';
import type { Row } from '../report/row.ts';
import { startGateway, TOKEN } from '../setup/built-gateway.ts';
import { inFolder } from '../setup/folder.ts';
import { type Bench, say } from './bench.ts';
import { createListMeasure, type ListMeasure } from './list-measure.ts';
import { engines, type ListEngine } from './list-engines.ts';

/** How many lists are saved at once while the store is filled. */
const SAVES = 16;
/** So few accounts that all their lists are in the gateway's memory. */
const HOT = 50;
const STORM = 200;
const SLOW_CALLS = 100;
/** Long enough for all of them to be under way. */
const SLOW_MS = 2000;
const MOST_MB = 245;
const MOST_MEDIAN_MS = 10;

const LABELS: Readonly<Record<string, string>> = { sqlite: 'SQLite', redis: 'Redis' };
const BROTLI = { 'accept-encoding': 'br' };
const UNHEARD = { onAway: () => undefined, onBack: () => undefined, onWarning: () => undefined };

export const memory: Bench = {
  names: ['memory-sqlite', 'memory-sqlite-list', 'memory-redis', 'memory-redis-list'],
  needs: [],
  onTwoCores: false,
  async measure(wanted, { accounts }) {
    const rows: Row[] = [];
    for (const [engine, open] of Object.entries(engines)) {
      if (![`memory-${engine}`, `memory-${engine}-list`].some((name) => wanted.has(name))) continue;
      const opened = await inFolder((folder) => measureEngine(engine, open, folder, accounts));
      rows.push(...opened);
    }
    return rows.filter(({ name }) => wanted.has(name));
  },
};

async function measureEngine(
  name: string,
  open: (folder: string) => Promise<ListEngine | undefined>,
  folder: string,
  accounts: number,
): Promise<readonly Row[]> {
  const tell = (line: string) => say(`memory, ${name}: ${line}`);
  const engine = await open(folder);
  if (engine === undefined) {
    tell('left out, because no server is on PATH');
    return [];
  }
  try {
    const { highestMb, medianMs } = await measureLists(engine, folder, accounts, tell);
    const what = `${accounts.toLocaleString('en')} accounts of 5,000 friends in ${LABELS[name] ?? name}`;
    return [
      {
        name: `memory-${name}`,
        what: `${what}: resident at the most`,
        unit: 'MB',
        goal: { atMost: MOST_MB },
        values: [highestMb],
        context: 'one caller, 50 at once, 200 in one instant, 100 slow calls that land together',
      },
      {
        name: `memory-${name}-list`,
        what: `${what}: a list that is not in memory`,
        unit: 'ms',
        goal: { atMost: MOST_MEDIAN_MS },
        values: [medianMs],
        context: 'median, one caller',
      },
    ];
  } finally {
    await engine.stop();
  }
}

async function measureLists(
  engine: ListEngine,
  folder: string,
  accounts: number,
  tell: (line: string) => void,
): Promise<{ readonly highestMb: number; readonly medianMs: number }> {
  const startedAt = performance.now();
  await fill(engine.storeUrl, accounts);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  tell(`${accounts} lists saved in ${seconds} s, ${await engine.size()}`);

  const simulator = createSimulator({ token: TOKEN });
  const { baseUrl } = await simulator.start();
  simulator.behave('*', { delayMs: SLOW_MS, raw: { body: addressBook(0) } });
  const settings = { GEWE_BASE_URL: baseUrl, STORE_URL: engine.storeUrl };
  const gateway = await startGateway(folder, settings);
  try {
    return await ask(createListMeasure(gateway.url, gateway.pid, accounts, tell), engine);
  } finally {
    await gateway.stop();
    await simulator.stop();
  }
}

async function ask(
  { step, highestMb }: ListMeasure,
  engine: ListEngine,
): Promise<{ readonly highestMb: number; readonly medianMs: number }> {
  await step('not in memory, every byte compared', { requests: 1000, compare: true });
  const one = await step('not in memory, one caller', { requests: 5000 });
  if (engine.cool()) await step('not in the system’s cache of files either', { requests: 2000 });
  await step('in memory, one caller', { requests: 5000, accounts: HOT });
  await step('not in memory, 50 callers at once', { requests: 10_000, callers: 50 });
  const headers = BROTLI;
  await step('brotli, every byte compared', { requests: 500, headers, compare: true });
  await step('brotli, 50 callers at once', { requests: 2000, callers: 50, headers });

  const storm = { requests: STORM, callers: STORM, rounds: 10 };
  await step(`${STORM} lists in one instant`, storm);
  await step(`brotli, ${STORM} lists in one instant`, { ...storm, headers });
  await step(`${SLOW_CALLS} slow calls of ${SLOW_MS} ms that land together`, {
    requests: SLOW_CALLS,
    callers: SLOW_CALLS,
    rounds: 5,
    headers: { 'cache-control': 'no-cache' },
    source: 'live',
  });
  return { highestMb: highestMb(), medianMs: one.medianMs };
}

/** Through the store's own code: over HTTP it would take an hour. */
async function fill(storeUrl: string, accounts: number): Promise<void> {
  const stores = await openStores(storeUrl, {
    clock: undefined,
    listMemoryBytes: 0,
    events: UNHEARD,
  });
  const save = (account: number) =>
    stores.lists.save(appIdOf(account), {
      body: addressBook(account),
      savedAt: Date.now(),
      source: 'live',
    });
  try {
    await pLimit(SAVES).map(
      Array.from({ length: accounts }, (_, account) => account),
      save,
    );
  } finally {
    await stores.close();
  }
}
