/** A store file as a gateway leaves it that has served many accounts for some days. */
import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';

import { createIdempotency } from '../../src/add-contacts/idempotency.ts';
import { COUNT_BUCKET_MS, FETCHES_KEPT, type ListFetch } from '../../src/history/ports.ts';
import { openSqliteStores } from '../../src/stores/sqlite/sqlite-stores.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { systemClock } from '../../src/time.ts';
import { movableClock } from './movable-clock.ts';
import { DAY_MS, HOUR_MS } from './quota-rules.ts';
import { seededRandom } from './seeded-random.ts';

type Random = (below: number) => number;

interface FilledAccount {
  readonly number: number;
  readonly appId: string;
  readonly onlineSince: number;
}

const MINUTE_MS = 60_000;
const CLIENTS = ['crm', 'bot'] as const;

/** `wx_00001` for 1. */
export function accountName(number: number): string {
  return `wx_${String(number).padStart(5, '0')}`;
}

/**
 * Fills the file at `path`, which is made if it does not exist. The same arguments give the same content. In short:
 *
 * - each account has been online for an hour to sixty days; each tenth was declared;
 * - each has a list of up to five days, from the cache in each seventh, of 100 KB in each hundredth; none in each fiftieth;
 * - up to six attempts of three days: sent, unknown, refused; those sent count in the ledger for 24 h;
 * - three fetches each, and as many as are kept in each tenth, some of them failed;
 * - an operator's change of each hundredth, an answer to an Idempotency-Key of each twentieth;
 * - two days of requests by the clients `crm` and `bot`; a key that signs sessions.
 *
 * @param now when the file was left, milliseconds since the epoch
 */
export async function fillSqlite(
  path: string,
  accounts: number,
  now = systemClock.now(),
): Promise<void> {
  const clock = movableClock(now);
  // Makes the tables.
  await openSqliteStores(path, clock, 0).close();
  const random = seededRandom(accounts);
  const all = Array.from({ length: accounts }, (_, i) => accountOf(i + 1, now, random));
  fillTables(path, all, now, random);
  const stores = openSqliteStores(path, clock, 0);
  await fillStores(stores, all, now, random);
  await stores.close();
}

function accountOf(number: number, now: number, random: Random): FilledAccount {
  const ageMs = HOUR_MS + random(60 * 24 * 60) * MINUTE_MS;
  return { number, appId: accountName(number), onlineSince: now - ageMs };
}

/** What the stores would write one transaction at a time, or only at the present instant. */
function fillTables(path: string, all: readonly FilledAccount[], now: number, random: Random) {
  const db = new DatabaseSync(path);
  db.exec('PRAGMA synchronous = OFF; BEGIN');
  fillAccounts(db, all);
  fillLists(db, all, now, random);
  fillJournal(db, all, now, random);
  db.exec('COMMIT');
  db.close();
}

function fillAccounts(db: DatabaseSync, all: readonly FilledAccount[]): void {
  const insert = db.prepare('INSERT INTO accounts VALUES (?, ?, ?)');
  for (const { number, appId, onlineSince } of all) {
    const isDeclared = number % 10 === 0;
    insert.run(appId, isDeclared ? onlineSince : null, isDeclared ? null : onlineSince);
  }
}

function fillLists(
  db: DatabaseSync,
  all: readonly FilledAccount[],
  now: number,
  random: Random,
): void {
  const insert = db.prepare(
    'INSERT INTO lists (app_id, saved_at, source, body) VALUES (?, ?, ?, ?)',
  );
  for (const { number, appId } of all) {
    if (number % 50 === 0) continue;
    const friends = number % 100 === 1 ? 5000 : 1 + random(40);
    const ids = Array.from({ length: friends }, (_, i) => `wxid_${number}_${i}`);
    const source = number % 7 === 0 ? 'gewe-cache' : 'live';
    const savedAt = now - random(5 * 24 * 60) * MINUTE_MS;
    insert.run(
      appId,
      savedAt,
      source,
      Buffer.from(JSON.stringify({ ret: 200, data: { friends: ids, chatrooms: [], ghs: [] } })),
    );
  }
}

interface Event {
  readonly account: FilledAccount;
  readonly at: number;
  readonly client: string;
  readonly subject: string | null;
  readonly v3: string;
  readonly outcome: 'sent' | 'unknown' | 'refused';
}

/** Oldest first. */
function eventsOf(all: readonly FilledAccount[], now: number, random: Random): Event[] {
  const events = all.flatMap((account) =>
    Array.from({ length: random(7) }, (_, i): Event => {
      const luck = random(10);
      return {
        account,
        at: now - random(3 * 24 * 3600) * 1000,
        client: CLIENTS[random(2)] ?? 'crm',
        subject: random(3) === 0 ? 'alice' : null,
        v3: `v3_${account.number}_${i}`,
        outcome: isYoung(account, now) || luck > 7 ? 'refused' : luck === 7 ? 'unknown' : 'sent',
      };
    }),
  );
  return events.sort((a, b) => a.at - b.at);
}

/** Under 72 h: all its attempts were refused. */
function isYoung({ onlineSince }: FilledAccount, now: number): boolean {
  return now - onlineSince < 3 * DAY_MS;
}

function fillJournal(
  db: DatabaseSync,
  all: readonly FilledAccount[],
  now: number,
  random: Random,
): void {
  const facts = 'id, at, app_id, client, subject, option, target, request_id, code, rule';
  const insertAttempt = db.prepare(
    `INSERT INTO journal_attempts (${facts}, outcome, until, ret)
     VALUES (?, ?, ?, ?, ?, 2, ?, ?, NULL, NULL, ?, ?, ?)`,
  );
  const insertRefusal = db.prepare(
    `INSERT INTO journal_refusals (${facts}, minute, count)
     VALUES (?, ?, ?, ?, ?, 2, ?, ?, ?, ?, ?, ?)`,
  );
  const charge = db.prepare("INSERT INTO attempts VALUES (?, ?, ?, 'add', ?)");
  for (const [i, event] of eventsOf(all, now, random).entries()) {
    const { account, at, client, subject, v3, outcome } = event;
    const target = hash(v3);
    const requestId = `filled-${i + 1}`;
    const common = [i + 1, at, account.appId, client, subject, target.slice(0, 12), requestId];
    if (outcome === 'refused') {
      const [code, rule] = isYoung(account, now)
        ? ['account-too-young', 'account-age']
        : ['add-quota-exhausted', 'add-per-two-hours'];
      insertRefusal.run(...common, code, rule, Math.floor(at / MINUTE_MS), 1 + random(5));
      continue;
    }
    const ret = outcome === 'unknown' ? null : random(8) === 0 ? 500 : 200;
    insertAttempt.run(...common, outcome, at + 30_000, ret);
    if (at > now - DAY_MS) charge.run(account.appId, at, `filled-${i + 1}`, target);
  }
  db.exec(ACTIVITY);
}

/** What the journal's writers keep for each account as they go. */
const ACTIVITY = `
  INSERT INTO account_activity (app_id, attempt_at)
  SELECT app_id, MAX(at) FROM
    (SELECT app_id, at FROM journal_attempts UNION ALL SELECT app_id, at FROM journal_refusals)
  GROUP BY app_id;

  UPDATE account_activity SET refused_day = last.day, refused_count = last.count
  FROM (SELECT app_id, MAX(day) AS day, count FROM
         (SELECT app_id, at / ${DAY_MS} AS day, SUM(count) AS count FROM journal_refusals GROUP BY 1, 2)
        GROUP BY app_id) AS last
  WHERE last.app_id = account_activity.app_id;
`;

async function fillStores(
  stores: Stores,
  all: readonly FilledAccount[],
  now: number,
  random: Random,
): Promise<void> {
  const { history } = stores;
  const every = (n: number) => all.filter(({ number }) => number % n === 0);
  await history.addFetches(all.flatMap((account) => fetchesOf(account, now, random)));
  await history.addCounts(countsUntil(now, random));
  const actions = every(100).map(({ appId, number }) =>
    history.addAction({
      appId,
      at: now - random(24 * 60) * MINUTE_MS,
      who: 'basic alice',
      what: number % 200 === 0 ? 'declared' : 'list-refreshed',
      before: undefined,
      after: number % 200 === 0 ? new Date(now - 10 * DAY_MS).toISOString() : undefined,
      requestId: `action-${number}`,
    }),
  );
  await Promise.all(actions);
  await Promise.all(every(20).map(({ appId }) => answer(stores, appId)));
  const secret = createHash('sha256').update('signs sessions').digest('base64url');
  await stores.sessions.signingKeys({ id: 'filled', secret, createdAt: now - DAY_MS });
}

/** Oldest first. */
function fetchesOf({ number, appId }: FilledAccount, now: number, random: Random): ListFetch[] {
  const length = number % 10 === 0 ? FETCHES_KEPT : 3;
  return Array.from({ length }, (_, i) => {
    const isGood = random(6) > 0;
    const friends = isGood ? 100 + random(4900) : undefined;
    return {
      appId,
      at: now - (length - i) * HOUR_MS + random(60) * MINUTE_MS,
      durationMs: 20_000 + random(100_000),
      outcome: isGood ? 'list' : random(2) === 0 ? 'timeout' : 'other',
      bytes: friends === undefined ? undefined : friends * 22,
      friends,
      chatrooms: isGood ? random(50) : undefined,
      ghs: isGood ? random(20) : undefined,
      requestId: `fetch-${number}-${i}`,
    };
  });
}

function countsUntil(now: number, random: Random) {
  const last = now - (now % COUNT_BUCKET_MS);
  const buckets = Array.from({ length: (2 * DAY_MS) / COUNT_BUCKET_MS }, (_, i) => {
    return last - i * COUNT_BUCKET_MS;
  });
  return buckets.flatMap((bucket) =>
    CLIENTS.flatMap((client) =>
      ['ok', 'left', 'add-quota-exhausted'].map((code, i) => {
        return { client, code, bucket, count: 1 + random(i === 0 ? 500 : 20) };
      }),
    ),
  );
}

/** The request with the key `key` and the body `{}` of the client `crm` was answered. */
async function answer({ idempotency, clock }: Stores, appId: string): Promise<void> {
  const request = { client: 'crm', appId, key: 'key', body: Buffer.from('{}') };
  const held = await createIdempotency(idempotency, clock, MINUTE_MS).acquire(request);
  if (held.kind !== 'acquired') throw new Error(`${appId} has an answer already`);
  const body = Buffer.from('{"ret":200,"msg":"操作成功"}');
  await held.key.complete({ kind: 'answer', contentType: 'application/json', body });
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
