/** 20,000 accounts of 5,000 friends: how much memory does the gateway take, and how long does a saved list? */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { createSimulator } from '../src/simulator/simulator.ts';
import { openStores } from '../src/stores/open.ts';
import { addressBook, appIdOf } from './address-books.ts';
import { createListMeasure, type ListMeasure } from './list-measure.ts';
import { engines, type ListEngine } from './list-engines.ts';
import { startGateway } from './started-gateway.ts';
import { KEY, say } from './support.ts';

const TOKEN = 'bench-token';
const ACCOUNTS = 20_000;
/** Saved at once while the store is filled. */
const SAVES = 16;
/** So few that all are in the gateway's memory. */
const HOT = 50;
const STORM = 200;
const SLOW_CALLS = 100;
/** Long enough for all to be under way. */
const SLOW_MS = 2000;
const MOST_MB = 300;
const MOST_MEDIAN_MS = 10;

const BROTLI = { 'accept-encoding': 'br' };
const UNHEARD = { onAway: () => undefined, onBack: () => undefined, onWarning: () => undefined };

/** @param accounts how many have a list saved; with a few hundred, half of them are in memory */
export async function memory(accounts = ACCOUNTS): Promise<void> {
  for (const [name, open] of Object.entries(engines)) {
    const folder = await mkdtemp(join(tmpdir(), 'gewe-gateway-bench-'));
    const engine = await open(folder);
    try {
      if (engine === undefined) say(`memory, ${name}: left out, no server is on PATH`);
      else await measure(engine, folder, accounts, (line) => say(`memory, ${name}: ${line}`));
    } finally {
      await engine?.stop();
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function measure(
  engine: ListEngine,
  folder: string,
  accounts: number,
  tell: (line: string) => void,
): Promise<void> {
  const startedAt = performance.now();
  await fill(engine.storeUrl, accounts);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  tell(`${accounts} lists saved in ${seconds} s, ${await engine.size()}`);

  const simulator = createSimulator({ token: TOKEN });
  const { baseUrl } = await simulator.start();
  simulator.behave('*', { delayMs: SLOW_MS, raw: { body: addressBook(0) } });
  await writeFile(join(folder, 'gateway.yaml'), 'clientRate: { requestsPerMinute: 10000000 }\n');
  const gateway = startGateway(folder, {
    GEWE_BASE_URL: baseUrl,
    GEWE_TOKEN: TOKEN,
    GATEWAY_KEYS: `bench:${KEY}`,
    GATEWAY_CONFIG: 'gateway.yaml',
    STORE_URL: engine.storeUrl,
    PORT: '0',
    OPS_PORT: '0',
  });
  try {
    const { url } = await gateway.listening();
    await ask(createListMeasure(url, gateway.pid, accounts, tell), engine, tell);
  } finally {
    gateway.kill('SIGKILL');
    await gateway.ended;
    await simulator.stop();
  }
}

async function ask(
  { step, highestMb }: ListMeasure,
  engine: ListEngine,
  tell: (line: string) => void,
): Promise<void> {
  await step('not in memory, every byte compared', { requests: 1000, compare: true });
  const one = await step('not in memory, one caller', { requests: 5000 });
  if (engine.cool()) await step('not in the system’s cache of files either', { requests: 2000 });
  await step('in memory, one caller', { requests: 5000, accounts: HOT });
  await step('not in memory, 50 callers at once', { requests: 10_000, callers: 50 });
  const headers = BROTLI;
  await step('brotli, every byte compared', { requests: 500, headers, compare: true });
  await step('brotli, 50 callers at once', { requests: 2000, callers: 50, headers });

  const storm = { requests: STORM, callers: STORM, rounds: 10 };
  await step(`${STORM} lists in the same instant`, storm);
  await step(`brotli, ${STORM} lists in the same instant`, { ...storm, headers });
  await step(`${SLOW_CALLS} slow calls of ${SLOW_MS} ms that land together`, {
    requests: SLOW_CALLS,
    callers: SLOW_CALLS,
    rounds: 5,
    headers: { 'cache-control': 'no-cache' },
    source: 'live',
  });
  tell(
    `over all of it at most ${highestMb()} MB resident (asked: ${MOST_MB}); a list that is not in memory took ` +
      `${one.medianMs.toFixed(1)} ms at the median (asked: ${MOST_MEDIAN_MS})`,
  );
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
