/** Stores for tests and trials: everything is gone when the process ends. */
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';

import {
  EXPIRED_PER_ACQUIRE,
  judgeRecord,
  type IdempotencyRecord,
} from '../add-contacts/idempotency.ts';
import {
  LEDGER_RETENTION_MS,
  type AccountRecord,
  type AccountRegister,
  type IdempotencyStore,
  type Ledger,
} from '../add-contacts/ports.ts';
import { judgeCharge, usageOf, type Attempt } from '../add-contacts/rules.ts';
import { LONGEST_SESSION_MS, type SessionStore, type SigningKey } from '../auth/ports.ts';
import type { KeySetStore, StoredKeySet } from '../auth/issuers/ports.ts';
import type { ListIndex, ListStore, SaveResult, SavedList } from '../contacts-list/ports.ts';
import type { Clock } from '../time.ts';
import { localLeases } from '../leases.ts';
import { sizeInMemory } from './list-memory.ts';
import { memoryHistory, type MemoryHistory } from './memory-history.ts';
import { UNSHARED, type Stores } from './stores.ts';

/** @param listMemoryBytes how many bytes of saved lists are kept */
export function openMemoryStores(clock: Clock, listMemoryBytes: number): Stores {
  const history = memoryHistory(clock);
  const lists = memoryLists(listMemoryBytes);
  return {
    clock,
    lists,
    listIndex: lists,
    history,
    ledger: memoryLedger(clock, history),
    accounts: memoryAccounts(),
    idempotency: memoryIdempotency(),
    sessions: memorySessions(),
    issuerKeys: memoryIssuerKeys(),
    leases: localLeases,
    ...UNSHARED,
    async check() {},
    async close() {},
  };
}

/** The lists used least recently are dropped first. A list larger than `memoryBytes` is not kept. */
export function memoryLists(memoryBytes: number): ListStore & ListIndex {
  const kept = new LRUCache<string, SavedList>({
    maxSize: Math.max(1, memoryBytes),
    sizeCalculation: sizeInMemory,
  });

  function replace(appId: string, list: SavedList): SaveResult {
    const bytesBefore = kept.peek(appId)?.body.length ?? 0;
    kept.set(appId, list);
    return { kind: 'saved', bytesBefore };
  }

  return {
    async load(appId) {
      return kept.get(appId);
    },
    async save(appId, list) {
      return replace(appId, list);
    },
    async saveIfNewer(appId, list) {
      const before = kept.peek(appId);
      const isNewer = before === undefined || before.savedAt < list.savedAt;
      return isNewer ? replace(appId, list) : { kind: 'kept' };
    },
    async forget(appId) {
      return kept.delete(appId);
    },
    async index(after = '', limit) {
      const later = [...kept.keys()].filter((appId) => appId > after).sort();
      return later.slice(0, limit).flatMap((appId) => {
        const list = kept.peek(appId);
        if (list === undefined) return [];
        return [{ appId, savedAt: list.savedAt, source: list.source, bytes: list.body.length }];
      });
    },
  };
}

interface ChargedAttempt extends Attempt {
  readonly attemptId: string;
}

export function memoryLedger(
  clock: Clock,
  journal: Pick<MemoryHistory, 'beginAt' | 'completeNow'>,
): Ledger {
  const histories = new Map<string, ChargedAttempt[]>();
  const historyOf = (appId: string) => histories.get(appId) ?? [];

  return {
    // One step, because nothing is awaited between reading and writing.
    async charge(appId, { kind, target }, rules, entry) {
      const attempt: Attempt = { kind, target, at: clock.now() };
      const history = historyOf(appId);
      const { verdict, usage } = judgeCharge(rules, history, attempt);
      if (verdict.kind === 'refused') return { ...verdict, at: attempt.at, usage };
      const attemptId = randomUUID();
      const kept = history.filter((one) => one.at > attempt.at - LEDGER_RETENTION_MS);
      histories.set(appId, [...kept, { ...attempt, attemptId }]);
      return { kind: 'charged', attemptId, entryId: journal.beginAt(entry, attempt.at), usage };
    },
    async refund(appId, { attemptId, entryId }) {
      journal.completeNow(appId, entryId, { kind: 'returned' });
      const kept = historyOf(appId).filter((one) => one.attemptId !== attemptId);
      if (kept.length > 0) histories.set(appId, kept);
      else histories.delete(appId);
    },
    async usage(appId, rules, target) {
      return usageOf(rules, historyOf(appId), target, clock.now());
    },
  };
}

function memoryAccounts(): AccountRegister {
  const records = new Map<string, AccountRecord>();
  const recordOf = (appId: string): AccountRecord =>
    records.get(appId) ?? { appId, declaredOnlineSince: undefined, firstSeenAt: undefined };

  return {
    async find(appId) {
      return records.get(appId);
    },
    async seen(appId, at) {
      const record = recordOf(appId);
      records.set(appId, { ...record, firstSeenAt: record.firstSeenAt ?? at });
    },
    async declare(appId, onlineSince) {
      records.set(appId, { ...recordOf(appId), declaredOnlineSince: onlineSince });
    },
    async removeDeclaration(appId) {
      const record = recordOf(appId);
      if (record.declaredOnlineSince === undefined) return false;
      if (record.firstSeenAt === undefined) return records.delete(appId);
      records.set(appId, { ...record, declaredOnlineSince: undefined });
      return true;
    },
    async list(after, limit) {
      return [...records.values()]
        .filter(({ appId }) => after === undefined || appId > after)
        .sort((a, b) => (a.appId < b.appId ? -1 : 1))
        .slice(0, limit);
    },
  };
}

function memorySessions(): SessionStore {
  let keys: readonly SigningKey[] = [];
  const ends = new Map<string, number>();
  const nameOf = (client: string, subject = '') => `${client}/${subject}`;
  const endOf = (name: string) => ends.get(name) ?? -Infinity;

  return {
    async signingKeys(first) {
      if (keys.length === 0 && first !== undefined) keys = [first];
      return keys;
    },
    async rotateKey(next, retiresAt) {
      const retired = keys
        .map((key) => ({ ...key, retiresAt: Math.min(key.retiresAt ?? Infinity, retiresAt) }))
        .filter((key) => key.retiresAt > next.createdAt);
      keys = [next, ...retired];
    },
    async end(client, subject, at) {
      for (const [name, before] of ends) if (before <= at - LONGEST_SESSION_MS) ends.delete(name);
      const name = nameOf(client, subject);
      ends.set(name, Math.max(endOf(name), at));
    },
    async endedUntil(client, subject) {
      return Math.max(endOf(nameOf(client)), endOf(nameOf(client, subject)));
    },
  };
}

export function memoryIdempotency(): IdempotencyStore {
  const records = new Map<string, IdempotencyRecord>();

  /** A Map keeps its keys in the order in which they were acquired, and all live equally long: the oldest come first. */
  function dropExpired(now: number): void {
    let looks = EXPIRED_PER_ACQUIRE;
    for (const [key, record] of records) {
      if (record.expiresAt > now || looks-- === 0) return;
      records.delete(key);
    }
  }

  return {
    async acquire({ id: key }, fingerprint, { now, leaseUntil, expiresAt }) {
      dropExpired(now);
      const found = judgeRecord(records.get(key), fingerprint, now);
      if (found.kind === 'acquired') {
        records.delete(key);
        records.set(key, { fingerprint, leaseUntil, expiresAt, answer: undefined });
      }
      return found;
    },
    async complete({ id: key }, answer) {
      const record = records.get(key);
      if (record !== undefined && record.answer === undefined)
        records.set(key, { ...record, answer });
    },
    async release({ id: key }) {
      // A key with an answer stays, because its request was carried out.
      if (records.get(key)?.answer === undefined) records.delete(key);
    },
  };
}

function memoryIssuerKeys(): KeySetStore {
  const keySets = new Map<string, StoredKeySet>();
  return {
    async load(source) {
      return keySets.get(source);
    },
    async save(source, keySet) {
      keySets.set(source, keySet);
    },
  };
}
