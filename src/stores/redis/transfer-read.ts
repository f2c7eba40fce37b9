import type { Attempt } from '../../add-contacts/rules.ts';
import type { AttemptEntry, AdminAction, ListFetch } from '../../history/ports.ts';
import type { AnswerRecord, Records, Section, SessionEnd } from '../transfer.ts';
import { redisAccounts } from './accounts.ts';
import { ALL_ACTIONS, readActions } from './actions.ts';
import { redisActivity } from './activity.ts';
import { redisClientCounts } from './client-counts.ts';
import { redisFetches } from './fetches.ts';
import { answerKey } from './idempotency.ts';
import { keySetKey, redisIssuerKeys } from './issuer-keys.ts';
import { idsKey, REFUSED, SENT, textsKey } from './journal.ts';
import { readEntry } from './journal-entry.ts';
import { accountKeys, accountOf } from './keys.ts';
import { CHARGES, chargesIn } from './ledger.ts';
import { storedLists } from './lists.ts';
import { inParts } from './once.ts';
import { NEVER_PENDING } from './pending-writes.ts';
import { scanKeys } from './scan.ts';
import { bytesAt, membersAt, numberAt, script, textAt } from './script.ts';
import type { RedisServer } from './server.ts';
import { endKey, redisSessions } from './sessions.ts';

type Batches<T> = AsyncIterable<readonly T[]>;

/** How each section is read. */
export function readersOf(server: RedisServer): {
  readonly [S in Section]: () => Batches<Records[S]>;
} {
  return {
    clocks: () => inPages(redisAccounts(server).list),
    charges: () => readCharges(server),
    answers: () => readAnswers(server),
    sessionKeys: () => atOnce(redisSessions(server).signingKeys()),
    sessionEnds: () => readSessionEnds(server),
    issuerKeys: () => readIssuerKeys(server),
    lists: () => readLists(server),
    attempts: () => readAttempts(server),
    actions: () => readAllActions(server),
    fetches: () => readFetches(server),
    activity: () => inPages(redisActivity(server).activity),
    counts: () => atOnce(redisClientCounts(server, NEVER_PENDING).countsSince(0)),
  };
}

const READ_AT_ONCE = 500;
/** Lists are large. */
const LISTS_AT_ONCE = 8;

async function* atOnce<T>(read: Promise<readonly T[]>): Batches<T> {
  yield await read;
}

async function* inPages<T extends { readonly appId: string }>(
  read: (after: string | undefined, limit: number) => Promise<readonly T[]>,
): Batches<T> {
  for (let after: string | undefined; ;) {
    const page = await read(after, READ_AT_ONCE);
    if (page.length === 0) return;
    yield page;
    after = page.at(-1)?.appId;
  }
}

/** The records that `read` finds under each key. A key that SCAN returns twice is read once. */
async function* ofKeys<T>(
  server: RedisServer,
  pattern: string,
  read: (key: string) => Promise<readonly T[]>,
  size = READ_AT_ONCE,
): Batches<T> {
  const seen = new Set<string>();
  for await (const keys of scanKeys(server, pattern)) {
    const unseen = keys.filter((key) => !seen.has(key));
    for (const key of unseen) seen.add(key);
    for (const part of inParts([...new Set(unseen)], size)) {
      yield (await Promise.all(part.map(read))).flat();
    }
  }
}

const scored = script(`return { 'members', redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES') }`);

function readCharges(server: RedisServer): Batches<Attempt & { readonly appId: string }> {
  return ofKeys(server, accountKeys(CHARGES), async (key) => {
    const appId = accountOf(key, CHARGES);
    const charges = chargesIn(membersAt(await server.run(scored, [key]), 1));
    return charges.map((one) => ({ ...one, appId }));
  });
}

const answer = script(`
return { 'answer', unpack(redis.call('HMGET', KEYS[1], 'fingerprint', 'expiresAt', 'answer')) }`);

function readAnswers(server: RedisServer): Batches<AnswerRecord> {
  return ofKeys(server, answerKey({ appId: '*', id: '*' }), async (key) => {
    const reply = await server.run(answer, [key]);
    const expiresAt = numberAt(reply, 2);
    // It has expired since it was found.
    if (expiresAt === undefined) return [];
    const [, appId, id = ''] = /\{(.*)\}:idempotency:(.*)$/.exec(key) ?? [];
    return [{ appId, id, fingerprint: textAt(reply, 1), expiresAt, answer: bytesAt(reply, 3) }];
  });
}

const value = script(`return { 'value', redis.call('GET', KEYS[1]) }`);

function readSessionEnds(server: RedisServer): Batches<SessionEnd> {
  const prefix = endKey('').slice(0, -1);
  return ofKeys(server, `${prefix}*`, async (key) => {
    const endedUntil = numberAt(await server.run(value, [key]), 1);
    const name = key.slice(prefix.length);
    const slash = name.indexOf('/');
    const [client, subject] = [name.slice(0, slash), name.slice(slash + 1)];
    return endedUntil === undefined ? [] : [{ client, subject, endedUntil }];
  });
}

function readIssuerKeys(server: RedisServer): Batches<Records['issuerKeys']> {
  const issuerKeys = redisIssuerKeys(server);
  return ofKeys(server, keySetKey('*'), async (key) => {
    const source = key.slice(keySetKey('').length);
    const keySet = await issuerKeys.load(source);
    return keySet === undefined ? [] : [{ ...keySet, source }];
  });
}

function readLists(server: RedisServer): Batches<Records['lists']> {
  const lists = storedLists(server, { channel: server.channel, on: () => undefined });
  const read = async (key: string) => {
    const appId = accountOf(key, 'list');
    const found = await lists.find(appId, undefined);
    return found.kind === 'list' ? [{ ...found.found.list, appId }] : [];
  };
  return ofKeys(server, accountKeys('list'), read, LISTS_AT_ONCE);
}

function readFetches(server: RedisServer): Batches<ListFetch> {
  const { fetches } = redisFetches(server, NEVER_PENDING);
  return ofKeys(server, accountKeys('fetches'), async (key) =>
    (await fetches(accountOf(key, 'fetches'))).reverse(),
  );
}

/** An entry of an account, as the sorted sets of all accounts have it. */
interface Member {
  readonly name: string;
  readonly appId: string;
}

const range = script(`return { 'range', redis.call('ZRANGE', KEYS[1], args[1], args[2]) }`);

/** All members of a sorted set of `<name> <appId>`. */
async function* membersOf(server: RedisServer, all: string): AsyncGenerator<Member[]> {
  for (let first = 0; ; first += READ_AT_ONCE) {
    const reply = await server.run(range, [all], [first, first + READ_AT_ONCE - 1]);
    const members = membersAt(reply, 1).map(String);
    if (members.length === 0) return;
    yield members.map((member) => {
      const space = member.indexOf(' ');
      return { name: member.slice(0, space), appId: member.slice(space + 1) };
    });
  }
}

const idsOf = script(`
local ids = {}
for i, name in ipairs(args) do ids[i] = redis.call('ZSCORE', KEYS[i], name) end
return { 'ids', ids }`);

const textsOf = script(`
local texts = {}
for i, name in ipairs(args) do texts[i] = redis.call('HGET', KEYS[i], name) end
return { 'texts', texts }`);

/** In the order of ids, which grow with time over all accounts: an engine that drops its first rows drops the oldest. */
async function* readAttempts(server: RedisServer): Batches<AttemptEntry> {
  const found: (Member & { readonly id: string })[] = [];
  for (const all of [SENT, REFUSED]) {
    for await (const members of membersOf(server, all)) {
      const keys = members.map(({ appId }) => idsKey(appId));
      const reply = await server.run(idsOf, keys, members.map(nameOf));
      members.forEach((one, i) => found.push({ ...one, id: textAt(membersAt(reply, 1), i) }));
    }
  }
  found.sort((a, b) => Number(a.id) - Number(b.id));
  for (const part of inParts(found, READ_AT_ONCE)) {
    const keys = part.map(({ appId }) => textsKey(appId));
    const texts = membersAt(await server.run(textsOf, keys, part.map(nameOf)), 1);
    yield part.map(({ appId, id }, i) => readEntry(appId, id, textAt(texts, i)));
  }
}

async function* readAllActions(server: RedisServer): Batches<AdminAction> {
  const found: Member[] = [];
  for await (const members of membersOf(server, ALL_ACTIONS)) found.push(...members);
  found.sort((a, b) => Number(a.name) - Number(b.name));
  for (const part of inParts(found, READ_AT_ONCE)) {
    yield await readActions(
      server,
      part.map(({ name, appId }) => ({ id: name, appId })),
    );
  }
}

function nameOf({ name }: Member): string {
  return name;
}
