import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { judge, judgeCharge, usageOf } from '../../../src/add-contacts/rules.ts';
import type { Attempt, LimitStep, QuotaRule } from '../../../src/add-contacts/rules.ts';
import { attemptAt, DAY_MS, HOUR_MS, quotaRule, T0 } from '../../support/quota-rules.ts';

function verdictOf(rules: QuotaRule[], history: Attempt[], attempt: Attempt) {
  return judgeCharge(rules, history, attempt).verdict;
}

describe('usageOf', () => {
  test('has everything left from now on if nothing was charged', () => {
    const rule = quotaRule(5);
    expect(usageOf([rule], [], 'ann', T0)).toEqual([
      { rule, limit: 5, left: 5, opensAt: T0, nextFreedAt: T0 },
    ]);
  });

  test('counts a charge at t until just before t + window', () => {
    const rules = [quotaRule(5)];
    const history = [attemptAt(T0)];
    expect(usageOf(rules, history, 'ann', T0)[0]?.left).toBe(4);
    expect(usageOf(rules, history, 'ann', T0 + DAY_MS - 1)[0]?.left).toBe(4);
    expect(usageOf(rules, history, 'ann', T0 + DAY_MS)[0]?.left).toBe(5);
  });

  test('returns when the next attempt is freed, whatever the order of the history', () => {
    const history = [2, 0, 1].map((hours) => attemptAt(T0 + hours * HOUR_MS));
    expect(usageOf([quotaRule(2)], history, 'ann', T0 + 3 * HOUR_MS)[0]).toMatchObject({
      left: 0,
      opensAt: T0 + HOUR_MS + DAY_MS,
      nextFreedAt: T0 + DAY_MS,
    });
  });

  test('counts attempts of its own kind and, for rules per target, of that target', () => {
    const history = [
      attemptAt(T0),
      attemptAt(T0, { target: 'bob' }),
      attemptAt(T0, { kind: 'accept' }),
    ];
    const rules = [quotaRule(5), quotaRule(5, { per: 'target' }), quotaRule(5, { kind: 'accept' })];
    expect(usageOf(rules, history, 'ann', T0).map((one) => one.left)).toEqual([3, 4, 4]);
    expect(usageOf(rules, history, undefined, T0).map((one) => one.left)).toEqual([3, 4]);
  });

  test('uses the limit of the current step, from its first instant on', () => {
    const limits = [
      { from: -Infinity, limit: 5 },
      { from: T0, limit: 10 },
    ];
    const limitAt = (now: number) => usageOf([quotaRule(0, { limits })], [], 'ann', now)[0]?.limit;
    expect([limitAt(0), limitAt(T0 - 1), limitAt(T0), limitAt(T0 + DAY_MS)]).toEqual([
      5, 5, 10, 10,
    ]);
  });

  test('opens with the next step if it comes before the next freed attempt', () => {
    const limits = [
      { from: -Infinity, limit: 1 },
      { from: T0 + HOUR_MS, limit: 2 },
    ];
    const [usage] = usageOf([quotaRule(0, { limits })], [attemptAt(T0)], 'ann', T0 + 1);
    expect(usage?.opensAt).toBe(T0 + HOUR_MS);
  });
});

describe('judge', () => {
  test('allows an attempt without rules', () => {
    expect(judge([])).toEqual({ kind: 'allowed' });
  });

  test('given the usage before a charge, returns the verdict on the charge', () => {
    fc.assert(
      fc.property(anyRules, anyAttempts, (rules, attempts) => {
        for (const [index, attempt] of attempts.entries()) {
          const history = attempts.slice(0, index);
          const usage = usageOf(rules, history, attempt.target, attempt.at);
          expect(verdictOf(rules, history, attempt)).toEqual(judge(usage));
        }
      }),
    );
  });

  test('names the rule that opens last if two rules refuse', () => {
    const gap = quotaRule(1, { name: 'gap', windowMs: 60_000 });
    const day = quotaRule(1);
    for (const rules of [
      [gap, day],
      [day, gap],
    ]) {
      expect(verdictOf(rules, [attemptAt(T0)], attemptAt(T0 + 1))).toEqual({
        kind: 'refused',
        rule: day,
        retryAt: T0 + DAY_MS,
      });
    }
  });
});

// Small numbers, so that windows, steps and attempts meet at their edges often.
const ascendingLimits: fc.Arbitrary<LimitStep[]> = fc
  .tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 2 })), {
      maxLength: 2,
    }),
  )
  .map(([limit, more]) => {
    const steps = [{ from: -Infinity, limit }];
    let from = 0;
    let reached = limit;
    for (const [wait, growth] of more) {
      from += wait;
      reached += growth;
      steps.push({ from, limit: reached });
    }
    return steps;
  });

const anyRule: fc.Arbitrary<QuotaRule> = fc
  .record({
    per: fc.constantFrom('account' as const, 'target' as const),
    windowMs: fc.integer({ min: 1, max: 15 }),
    limits: ascendingLimits,
  })
  .map((parts) => quotaRule(0, parts));

const anyRules = fc.array(anyRule, { minLength: 1, maxLength: 3 });

const anyAttempts: fc.Arbitrary<Attempt[]> = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.constantFrom('ann', 'bob')), { maxLength: 40 })
  .map((waits) => {
    let at = 0;
    return waits.map(([wait, target]) => attemptAt((at += wait), { target }));
  });

/** The history of charges when `attempts` come in sequence. */
function historyOf(rules: QuotaRule[], attempts: Attempt[]): Attempt[] {
  const history: Attempt[] = [];
  for (const attempt of attempts) {
    if (verdictOf(rules, history, attempt).kind === 'allowed') history.push(attempt);
  }
  return history;
}

describe('a history of attempts that judge allowed', () => {
  test('never exceeds a limit in any window, for any rules and attempts', () => {
    fc.assert(
      fc.property(anyRules, anyAttempts, (rules, attempts) => {
        const history = historyOf(rules, attempts);
        for (const rule of rules) {
          // Counted here by hand. A window is fullest just when an attempt has joined it.
          for (const last of history) {
            const inWindow = history.filter(
              (one) =>
                one.at <= last.at &&
                one.at > last.at - rule.windowMs &&
                (rule.per === 'account' || one.target === last.target),
            );
            const limit = rule.limits.filter((step) => step.from <= last.at).at(-1)?.limit ?? 0;
            expect(inWindow.length).toBeLessThanOrEqual(limit);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test('is refused 1 ms before retryAt and allowed at retryAt', () => {
    let refusals = 0;
    fc.assert(
      fc.property(anyRules, anyAttempts, (rules, attempts) => {
        const history: Attempt[] = [];
        for (const attempt of attempts) {
          const verdict = verdictOf(rules, history, attempt);
          if (verdict.kind === 'allowed') {
            history.push(attempt);
            continue;
          }
          refusals++;
          const { retryAt } = verdict;
          expect(retryAt).toBeGreaterThan(attempt.at);
          const at = (instant: number) =>
            verdictOf(rules, history, { ...attempt, at: instant }).kind;
          expect([at(retryAt - 1), at(retryAt)]).toEqual(['refused', 'allowed']);
        }
      }),
      { numRuns: 500 },
    );
    expect(refusals).toBeGreaterThan(100);
  });
});
