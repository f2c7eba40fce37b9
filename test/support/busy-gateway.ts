/** A gateway as an operator finds it on a working day: accounts of every kind, with a past, and six hours of requests. */
import { acceptRules, addRules, type AddContactsPolicy } from '../../src/add-contacts/policy.ts';
import type { ListFetch } from '../../src/history/ports.ts';
import { openMemoryStores } from '../../src/stores/memory.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { movableClock, type MovableClock } from './movable-clock.ts';
import { startGateway, type TestGateway, type TestGatewayOptions } from './start-gateway.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

interface Kind {
  readonly appId: string;
  readonly onlineForMs: number;
  readonly isDeclared?: boolean;
  readonly listAgeMs?: number;
  readonly listKib?: number;
  /** How long ago each of its adds was sent. */
  readonly sentMinutesAgo?: readonly number[];
  readonly refusedMinutesAgo?: readonly number[];
  /** Oldest first, 40 minutes apart. */
  readonly fetches: readonly ListFetch['outcome'][];
}

const good = (count: number): ListFetch['outcome'][] => Array<'list'>(count).fill('list');

const KINDS: readonly Kind[] = [
  {
    appId: 'wx_fresh',
    onlineForMs: 3 * HOUR_MS,
    refusedMinutesAgo: [44],
    fetches: ['timeout'],
  },
  {
    appId: 'wx_market_01',
    onlineForMs: 120 * DAY_MS,
    isDeclared: true,
    listAgeMs: 45 * MINUTE_MS,
    listKib: 640,
    sentMinutesAgo: [1000, 930, 700, 615, 480, 430, 410, 300, 290, 200, 150, 95],
    fetches: [...good(16), 'other', 'list', 'list'],
  },
  {
    appId: 'wx_sales_01',
    onlineForMs: 40 * DAY_MS,
    isDeclared: true,
    listAgeMs: 12 * MINUTE_MS,
    listKib: 380,
    sentMinutesAgo: [320, 210, 80, 20],
    fetches: good(20),
  },
  {
    appId: 'wx_sales_02',
    onlineForMs: 16 * DAY_MS,
    isDeclared: true,
    listAgeMs: 41 * HOUR_MS,
    listKib: 212,
    sentMinutesAgo: [700, 640, 420, 101, 90, 77, 64, 58, 40, 31, 22],
    refusedMinutesAgo: [20, 19, 18, 14, 9, 8, 3],
    fetches: [...good(14), 'timeout', 'unreachable', 'timeout'],
  },
  {
    appId: 'wx_sales_03',
    onlineForMs: 50 * HOUR_MS,
    listAgeMs: 3 * HOUR_MS,
    listKib: 88,
    refusedMinutesAgo: [300, 180],
    fetches: good(5),
  },
  {
    appId: 'wx_support_01',
    onlineForMs: 9 * DAY_MS,
    isDeclared: true,
    listAgeMs: 26 * HOUR_MS,
    listKib: 1430,
    sentMinutesAgo: [500, 240],
    fetches: [...good(9), 'invalid', 'list'],
  },
  {
    appId: 'wx_support_02',
    onlineForMs: 5 * DAY_MS,
    listAgeMs: 2 * MINUTE_MS,
    listKib: 47,
    sentMinutesAgo: [60],
    fetches: good(3),
  },
];

export interface BusyGateway {
  readonly gateway: TestGateway;
  /** Stands still. */
  readonly clock: MovableClock;
}

export async function startBusyGateway(options: TestGatewayOptions = {}): Promise<BusyGateway> {
  const clock = {
    ...movableClock(Date.parse('2026-06-01T14:20:00Z') - 6 * HOUR_MS),
    // The simulator is much nearer than GEWE.
    monotonic: () => performance.now() * 40,
  };
  const stores = openMemoryStores(clock, 64 * 1024 * 1024);
  const gateway = await startGateway({
    ...options,
    env: { INSTANCE: 'gw-1', ...options.env },
    overrides: { clock, stores, ...options.overrides },
  });
  await spendSixHours(gateway, clock);
  const now = clock.now();
  for (const kind of KINDS) await fillAccount(stores, kind, now, clock);
  clock.set(now);
  return { gateway, clock };
}

async function spendSixHours(gateway: TestGateway, clock: MovableClock): Promise<void> {
  for (let minute = 0; minute < 360; minute++) {
    gateway.simulator.behave('*', minute % 60 === 40 || minute === 221 ? { reset: true } : []);
    const calls = 1 + Math.round(1 + Math.sin(minute / 40));
    const body = { appId: 'wx_sales_01', wxids: ['wxid_a'] };
    await Promise.all(Array.from({ length: calls }, () => gateway.post('getBriefInfo', body)));
    clock.advance(MINUTE_MS);
  }
  gateway.simulator.behave('*', []);
}

async function fillAccount(
  stores: Stores,
  kind: Kind,
  now: number,
  clock: MovableClock,
): Promise<void> {
  const { appId, onlineForMs, isDeclared, listAgeMs } = kind;
  await stores.accounts.seen(appId, now - Math.min(onlineForMs, 6 * DAY_MS));
  if (isDeclared === true) await stores.accounts.declare(appId, now - onlineForMs);
  if (listAgeMs !== undefined) {
    const friends = ['x'.repeat((kind.listKib ?? 0) * 1024)];
    const body = Buffer.from(
      JSON.stringify({ ret: 200, data: { friends, chatrooms: [], ghs: [] } }),
    );
    await stores.lists.save(appId, { body, savedAt: now - listAgeMs, source: 'live' });
  }
  await stores.history.addFetches(fetchesOf(kind, now));
  await fillAttempts(stores, kind, now, clock);
}

function fetchesOf({ appId, listAgeMs, listKib = 0, fetches }: Kind, now: number): ListFetch[] {
  const lastListAt = now - (listAgeMs ?? 0);
  return fetches.map((outcome, at) => {
    const size =
      outcome === 'list'
        ? { bytes: (listKib - 60 + 3 * at) * 1024, friends: 420 + 3 * at, chatrooms: 12, ghs: 31 }
        : undefined;
    const isAfterList = !fetches.slice(at).includes('list');
    return {
      appId,
      at:
        (isAfterList ? now - 2 * MINUTE_MS : lastListAt) -
        (fetches.length - 1 - at) * 40 * MINUTE_MS,
      durationMs: outcome === 'list' ? 900 + ((at * 1237) % 5200) : 12_000,
      outcome,
      bytes: size?.bytes,
      friends: size?.friends,
      chatrooms: size?.chatrooms,
      ghs: size?.ghs,
      requestId: `fetch-${at}`,
    };
  });
}

/** GEWE's advice. */
const ADDS: AddContactsPolicy['add'] = {
  perDay: [
    { fromAgeMs: 0, limit: 5 },
    { fromAgeMs: 7 * DAY_MS, limit: 10 },
    { fromAgeMs: 14 * DAY_MS, limit: 15 },
  ],
  perTwoHours: 8,
  minimumGapMs: 60_000,
  target: { perDay: 2, minimumGapMs: HOUR_MS },
};

async function fillAttempts(
  stores: Stores,
  { appId, onlineForMs, sentMinutesAgo = [], refusedMinutesAgo = [] }: Kind,
  now: number,
  clock: MovableClock,
): Promise<void> {
  const facts = { appId, client: 'test', subject: 'alice', option: 2 as const };
  const rules = [
    ...addRules(ADDS, now - onlineForMs),
    ...acceptRules({ perDay: 200, warnUnderMs: 0 }),
  ];
  for (const [at, minutes] of sentMinutesAgo.entries()) {
    clock.set(now - minutes * MINUTE_MS);
    const target = `p${at}7c1e04`;
    const entry = { ...facts, target, requestId: `add-${at}`, deadlineMs: 30_000 };
    const charge = await stores.ledger.charge(appId, { kind: 'add', target }, rules, entry);
    if (charge.kind === 'refused') continue;
    await stores.history.complete(
      appId,
      charge.entryId,
      at % 5 === 4 ? { kind: 'unknown' } : { kind: 'sent', ret: 200 },
    );
  }
  clock.set(now);
  const isYoung = onlineForMs < 3 * DAY_MS;
  await stores.history.addRefusals(
    refusedMinutesAgo.map((minutes, at) => ({
      ...facts,
      subject: undefined,
      target: `p${at}9d2f51`,
      requestId: `refused-${at}`,
      at: now - minutes * MINUTE_MS,
      code: isYoung ? 'account-too-young' : 'add-quota-exhausted',
      rule: isYoung ? undefined : 'add-per-two-hours',
      count: 1 + (at % 3),
    })),
  );
}
