import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

import type { Clock } from '../../time.ts';
import { LEDGER_RETENTION_MS } from '../../add-contacts/ports.ts';
import type { Charge, Ledger } from '../../add-contacts/ports.ts';
import { usageOf } from '../../add-contacts/rules.ts';
import type { Attempt, QuotaRule } from '../../add-contacts/rules.ts';
import { judgeCharge, longestWindowMs } from '../judge-charge.ts';
import type { GroupCommit } from './transaction.ts';

/** Charges in the table `attempts`. */
export function sqliteLedger(db: DatabaseSync, clock: Clock, { write }: GroupCommit): Ledger {
  const select = db.prepare(
    'SELECT kind, target, at FROM attempts WHERE app_id = :appId AND at > :after',
  );
  const insert = db.prepare(
    'INSERT INTO attempts (app_id, at, attempt_id, kind, target) VALUES (:appId, :at, :attemptId, :kind, :target)',
  );
  const remove = db.prepare(
    'DELETE FROM attempts WHERE app_id = :appId AND attempt_id = :attemptId',
  );
  const prune = db.prepare('DELETE FROM attempts WHERE app_id = :appId AND at <= :until');

  function historyOf(appId: string, rules: readonly QuotaRule[], now: number): Attempt[] {
    return select.all({ appId, after: now - longestWindowMs(rules) }) as unknown as Attempt[];
  }

  return {
    charge(appId, { kind, target }, rules) {
      return write<Charge>(() => {
        const at = clock.now();
        const history = historyOf(appId, rules, at);
        const { verdict, usage } = judgeCharge(rules, history, { kind, target, at });
        // Nothing is written, so nobody waits for the disk.
        if (verdict.kind === 'refused') return { ...verdict, at, usage };
        const attemptId = randomUUID();
        prune.run({ appId, until: at - LEDGER_RETENTION_MS });
        insert.run({ appId, at, attemptId, kind, target });
        return { kind: 'charged', attemptId, usage };
      });
    },
    refund(appId, attemptId) {
      return write(() => void remove.run({ appId, attemptId }));
    },
    async usage(appId, rules, target) {
      const now = clock.now();
      return usageOf(rules, historyOf(appId, rules, now), target, now);
    },
  };
}
