import { randomUUID } from 'node:crypto';

import type { Clock } from '../../time.ts';
import { LEDGER_RETENTION_MS } from '../../add-contacts/ports.ts';
import type { Ledger } from '../../add-contacts/ports.ts';
import { judgeCharge, usageOf } from '../../add-contacts/rules.ts';
import type { Attempt } from '../../add-contacts/rules.ts';

interface ChargedAttempt extends Attempt {
  readonly attemptId: string;
}

/** Charges that end with the process. */
export function memoryLedger(clock: Clock): Ledger {
  const histories = new Map<string, ChargedAttempt[]>();
  const historyOf = (appId: string) => histories.get(appId) ?? [];

  return {
    // Nothing is awaited between reading and writing: that is what makes it one step.
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
