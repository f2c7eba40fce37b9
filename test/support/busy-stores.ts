/** What an operator meets on a working day: accounts of every kind, with a past. */
import type { ListFetch } from '../../src/history/ports.ts';
import type { Stores } from '../../src/stores/stores.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

interface Kind {
  readonly appId: string;
  readonly onlineForMs: number;
  readonly isDeclared?: boolean;
  readonly listAgeMs: number | undefined;
  readonly listKib?: number;
  readonly sent: number;
  readonly refused: number;
  readonly fetches: readonly ListFetch['outcome'][];
}

const good = (count: number): ListFetch['outcome'][] => Array<'list'>(count).fill('list');

const KINDS: readonly Kind[] = [
  { appId: 'wx_sales_01', onlineForMs: 40 * DAY_MS, isDeclared: true, listAgeMs: 12 * MINUTE_MS, listKib: 380, sent: 4, refused: 0, fetches: good(20) },
  { appId: 'wx_sales_02', onlineForMs: 16 * DAY_MS, listAgeMs: 41 * HOUR_MS, listKib: 212, sent: 9, refused: 14, fetches: [...good(12), 'timeout', 'list', 'timeout', 'unreachable', 'timeout'] },
  { appId: 'wx_sales_03', onlineForMs: 50 * HOUR_MS, listAgeMs: 3 * HOUR_MS, listKib: 88, sent: 0, refused: 3, fetches: good(5) },
  { appId: 'wx_support_01', onlineForMs: 9 * DAY_MS, isDeclared: true, listAgeMs: 26 * HOUR_MS, listKib: 1430, sent: 2, refused: 0, fetches: [...good(9), 'invalid', 'list'] },
  { appId: 'wx_support_02', onlineForMs: 5 * DAY_MS, listAgeMs: 2 * MINUTE_MS, listKib: 47, sent: 1, refused: 0, fetches: good(3) },
  { appId: 'wx_fresh', onlineForMs: 3 * HOUR_MS, listAgeMs: undefined, sent: 0, refused: 1, fetches: ['timeout'] },
  { appId: 'wx_market', onlineForMs: 120 * DAY_MS, isDeclared: true, listAgeMs: 45 * MINUTE_MS, listKib: 640, sent: 12, refused: 2, fetches: [...good(14), 'other', 'list', 'list'] },
];

/** @param now milliseconds since the epoch */
export async function fillBusyStores(stores: Stores, now: number): Promise<void> {
  for (const kind of KINDS) await fillAccount(stores, kind, now);
  const counts = [
    ['crm', 'ok', 1840], ['crm', 'add-quota-exhausted', 14], ['crm', 'upstream-timeout', 3],
    ['bot', 'ok', 412], ['bot', 'account-too-young', 4], ['bot', 'left', 2],
  ] as const;
  await stores.history.addCounts(
    counts.map(([client, code, count]) => ({ client, code, count, bucket: now - (now % (10 * MINUTE_MS)) })),
  );
}

async function fillAccount(stores: Stores, kind: Kind, now: number): Promise<void> {
  const { appId, onlineForMs, isDeclared, listAgeMs, listKib = 0 } = kind;
  await stores.accounts.seen(appId, now - Math.min(onlineForMs, 6 * DAY_MS));
  if (isDeclared === true) await stores.accounts.declare(appId, now - onlineForMs);
  if (listAgeMs !== undefined) {
    const body = Buffer.from(
      JSON.stringify({ ret: 200, msg: '操作成功', data: { friends: ['x'.repeat(listKib * 1024)], chatrooms: [], ghs: [] } }),
    );
    await stores.lists.save(appId, { body, savedAt: now - listAgeMs, source: 'live' });
  }
  await fillAttempts(stores, kind, now);
  await stores.history.addFetches(
    kind.fetches.map((outcome, at, all) => {
      const isList = outcome === 'list';
      return {
        appId,
        at: now - (listAgeMs === undefined || !isList ? 20 * MINUTE_MS : listAgeMs) - (all.length - 1 - at) * 37 * MINUTE_MS,
        durationMs: isList ? 900 + ((at * 1237) % 5200) : 30_000,
        outcome,
        bytes: isList ? (listKib + at * 3) * 1024 : undefined,
        friends: isList ? 420 + at * 3 : undefined,
        chatrooms: isList ? 12 : undefined,
        ghs: isList ? 31 : undefined,
        requestId: `fetch-${appId}-${at}`,
      };
    }),
  );
}

async function fillAttempts(stores: Stores, { appId, sent, refused }: Kind, now: number): Promise<void> {
  const facts = { appId, client: 'crm', subject: 'alice', option: 2 as const };
  for (let at = 0; at < sent; at++) {
    const entry = { ...facts, target: `p${at}7c1e`, requestId: `add-${at}`, deadlineMs: 30_000 };
    const id = await stores.history.begin(entry);
    await stores.history.complete(appId, id, at % 5 === 4 ? { kind: 'unknown' } : { kind: 'sent', ret: 200 });
  }
  for (let at = 0; at < refused; at += 2) {
    await stores.history.addRefusals([
      {
        ...facts,
        subject: undefined,
        target: `p${at}9d2f`,
        requestId: `refused-${at}`,
        at: now - at * 3 * MINUTE_MS,
        code: sent === 0 ? 'account-too-young' : 'add-quota-exhausted',
        rule: sent === 0 ? undefined : 'add-per-two-hours',
        count: Math.min(2, refused - at),
      },
    ]);
  }
}
