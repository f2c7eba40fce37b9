/** Stores for tests and trials: everything is gone when the process ends. */
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';

import {
  EXPIRED_PER_BEGIN,
  judgeClaim,
  type IdempotencyClaim,
} from '../add-contacts/idempotency.ts';
import {
  LEDGER_RETENTION_MS,
  type AccountRecord,
  type AccountRegister,
  type IdempotencyStore,
  type Ledger,
} from '../add-contacts/ports.ts';
import { judgeCharge, usageOf, type Attempt } from '../add-contacts/rules.ts';
import type { KeySetStore, StoredKeySet } from '../auth/issuers/ports.ts';
import type { ListStore, SaveResult, SavedList } from '../contacts-list/ports.ts';
import type { Clock } from '../time.ts';
import { localLeases } from '../leases.ts';
import { sizeInMemory } from './list-memory.ts';
import { UNSHARED, type Stores } from './stores.ts';

/** @param listMemoryBytes how many bytes of saved lists are kept */
export function openMemoryStores(clock: Clock, listMemoryBytes: number): Stores {
  return {
    clock,
    lists: memoryLists(listMemoryBytes),
    ledger: memoryLedger(clock),
    accounts: memoryAccounts(),
    idempotency: memoryIdempotency(),
    issuerKeys: memoryIssuerKeys(),
    leases: localLeases,
    ...UNSHARED,
    async check() {},
    async close() {},
  };
}

/** The lists used least recently are dropped first. A list larger than `memoryBytes` is not kept. */
export function memoryLists(memoryBytes: number): ListStore {
  const lists = new LRUCache<string, SavedList>({
    maxSize: Math.max(1, memoryBytes),
    sizeCalculation: sizeInMemory,
  });

  function replace(appId: string, list: SavedList): SaveResult {
    const bytesBefore = lists.peek(appId)?.body.length ?? 0;
    lists.set(appId, list);
    return { kind: 'saved', bytesBefore };
  }

  return {
    async load(appId) {
      return lists.get(appId);
    },
    async save(appId, list) {
      return replace(appId, list);
    },
    async saveIfNewer(appId, list) {
      const before = lists.peek(appId);
      const isNewer = before === undefined || before.savedAt < list.savedAt;
      return isNewer ? replace(appId, list) : { kind: 'kept' };
    },
    async forget(appId) {
      return lists.delete(appId);
    },
  };
}

interface ChargedAttempt extends Attempt {
  readonly attemptId: string;
}

export function memoryLedger(clock: Clock): Ledger {
  const histories = new Map<string, ChargedAttempt[]>();
  const historyOf = (appId: string) => histories.get(appId) ?? [];

  return {
    // One step, because nothing is awaited between reading and writing.
    async charge(appId, { kind, target }, rules) {
      const attempt: Attempt = { kind, target, at: clock.now() };
      const history = historyOf(appId);
      const { verdict, usage } = judgeCharge(rules, history, attempt);
      if (verdict.kind === 'refused') return { ...verdict, at: attempt.at, usage };
      const attemptId = randomUUID();
      const kept = history.filter((one) => one.at > attempt.at - LEDGER_RETENTION_MS);
      histories.set(appId, [...kept, { ...attempt, attemptId }]);
      return { kind: 'charged', attemptId, usage };
    },
    async refund(appId, attemptId) {
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
    async withdraw(appId) {
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

export function memoryIdempotency(): IdempotencyStore {
  const claims = new Map<string, IdempotencyClaim>();

  /** A Map keeps its keys in the order of their claims, and all live equally long: the oldest come first. */
  function dropExpired(now: number): void {
    let looks = EXPIRED_PER_BEGIN;
    for (const [key, claim] of claims) {
      if (claim.expiresAt > now || looks-- === 0) return;
      claims.delete(key);
    }
  }

  return {
    async begin({ id: key }, fingerprint, { now, leaseUntil, expiresAt }) {
      dropExpired(now);
      const found = judgeClaim(claims.get(key), fingerprint, now);
      if (found.kind === 'begun') {
        claims.delete(key);
        claims.set(key, { fingerprint, leaseUntil, expiresAt, answer: undefined });
      }
      return found;
    },
    async finish({ id: key }, answer) {
      const claim = claims.get(key);
      if (claim !== undefined && claim.answer === undefined) claims.set(key, { ...claim, answer });
    },
    async abandon({ id: key }) {
      // A key with an answer stays, because its request was carried out.
      if (claims.get(key)?.answer === undefined) claims.delete(key);
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
