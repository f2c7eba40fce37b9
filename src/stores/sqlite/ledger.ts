import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

import type { Clock } from '../../time.ts';
import { LEDGER_RETENTION_MS } from '../../add-contacts/ports.ts';
import type { Charge, Ledger } from '../../add-contacts/ports.ts';
import { usedUpByRestore } from '../../add-contacts/after-restore.ts';
import { historyNeeded, judgeCharge, usageOf } from '../../add-contacts/rules.ts';
import type { Attempt, AttemptKind, QuotaRule } from '../../add-contacts/rules.ts';
import type { SqliteJournal } from './attempt-journal.ts';
import type { GroupCommit } from './transaction.ts';

type AttemptRow = readonly [kind: AttemptKind, target: string, at: number];

/**
 * Charges in the table `attempts`. Parameters are positional and rows are arrays: both cost half of what named ones do,
 * and this runs with every charge.
 *
 * @param restoredAt when the file was restored, milliseconds since the epoch: not all that was charged before it is known
 */
export function sqliteLedger(
  db: DatabaseSync,
  clock: Clock,
  { write }: Pick<GroupCommit, 'write'>,
  journal: Pick<SqliteJournal, 'beginAt' | 'completeNow'>,
  restoredAt?: number,
): Ledger {
  // ?2 is the oldest instant that may count at the same target, ?3 at any.
  const select = db.prepare(
    'SELECT kind, target, at FROM attempts WHERE app_id = ?1 AND at > ?2 AND (at > ?3 OR target = ?4)',
  );
  select.setReturnArrays(true);
  const insert = db.prepare(
    'INSERT INTO attempts (app_id, at, attempt_id, kind, target) VALUES (?, ?, ?, ?, ?)',
  );
  const remove = db.prepare('DELETE FROM attempts WHERE app_id = ? AND attempt_id = ?');
  const prune = db.prepare('DELETE FROM attempts WHERE app_id = ? AND at <= ?');

  function historyOf(
    appId: string,
    rules: readonly QuotaRule[],
    target: string | undefined,
    now: number,
  ): Attempt[] {
    const { anyTargetMs, sameTargetMs } = historyNeeded(rules);
    const rows = select.all(appId, now - sameTargetMs, now - anyTargetMs, target ?? null);
    return (rows as unknown as AttemptRow[]).map(([kind, of, at]) => ({ kind, target: of, at }));
  }

  return {
    charge(appId, { kind, target }, given, entry) {
      const rules = usedUpByRestore(given, restoredAt);
      return write<Charge>(() => {
        const at = clock.now();
        const history = historyOf(appId, rules, target, at);
        const { verdict, usage } = judgeCharge(rules, history, { kind, target, at });
        // Nothing is written, so nobody waits for the disk.
        if (verdict.kind === 'refused') return { ...verdict, at, usage };
        const attemptId = randomUUID();
        prune.run(appId, at - LEDGER_RETENTION_MS);
        insert.run(appId, at, attemptId, kind, target);
        return { kind: 'charged', attemptId, entryId: journal.beginAt(entry, at), usage };
      });
    },
    refund(appId, { attemptId, entryId }) {
      return write(() => {
        remove.run(appId, attemptId);
        journal.completeNow(appId, entryId, { kind: 'returned' });
      });
    },
    async usage(appId, given, target) {
      const [rules, now] = [usedUpByRestore(given, restoredAt), clock.now()];
      return usageOf(rules, historyOf(appId, rules, target, now), target, now);
    },
  };
}
