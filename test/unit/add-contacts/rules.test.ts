import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { judge, judgeCharge, nextAddAt, usageOf } from '../../../src/add-contacts/rules.ts';
import type { Attempt, LimitStep, QuotaRule } from '../../../src/add-contacts/rules.ts';
import { attemptAt, DAY_MS, HOUR_MS, quotaRule, T0 } from '../../support/quota-rules.ts';

function verdictOf(rules: QuotaRule[], history: Attempt[], attempt: Attempt) {
  return judgeCharge(rules, history, attempt).verdict;
}

describe('usageOf', () => {
  test('has everything left from now on if nothing was charged', () => {
    const rule = quotaRule(5);
    expect(usageOf([rule], [], 'ann', T0)).toEqual([
      { rule, limit: 5, left: 5, opensAt: T0, nextFreedAt: T0, counted: [] },
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
      counted: [2, 1, 0].map((hours) => T0 + hours * HOUR_MS),
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

describe('nextAddAt', () => {
  const limit = (rule: QuotaRule, at: number) =>
    rule.limits.filter((step) => step.from <= at).at(-1)?.limit ?? 0;
  /** Whether an attempt at a person that is in no history would pass, counted by hand. */
  const passes = (rules: QuotaRule[], history: Attempt[], at: number) =>
    rules
      .filter(({ kind, per }) => kind === 'add' && per === 'account')
      .every((rule) => {
        const counted = history.filter(
          (one) => one.kind === 'add' && one.at > at - rule.windowMs,
        ).length;
        return counted < limit(rule, at);
      });
  const nextOf = (rules: QuotaRule[], history: Attempt[], oldEnoughAt: number, now: number) =>
    nextAddAt(usageOf(rules, history, 'nobody', now), oldEnoughAt, now);

  test('is undefined if an attempt would pass now', () => {
    expect(nextOf([quotaRule(1)], [], -Infinity, T0)).toBeUndefined();
    expect(nextOf([quotaRule(1)], [], T0, T0)).toBeUndefined();
    expect(nextOf([], [attemptAt(T0)], -Infinity, T0)).toBeUndefined();
  });

  test('is the latest of age, quota and gap', () => {
    const rules = [quotaRule(2), quotaRule(1, { name: 'gap', windowMs: HOUR_MS })];
    const history = [attemptAt(T0)];
    expect(nextOf(rules, history, -Infinity, T0 + 1)).toBe(T0 + HOUR_MS);
    expect(nextOf(rules, history, T0 + 2 * HOUR_MS, T0 + 1)).toBe(T0 + 2 * HOUR_MS);
    const full = [...history, attemptAt(T0 + HOUR_MS)];
    expect(nextOf(rules, full, T0 + 2 * HOUR_MS, T0 + HOUR_MS)).toBe(T0 + DAY_MS);
  });

  test('goes past a window of one rule that another rule opens into', () => {
    // Open from 5 to 10, and again once what was charged at 0 is 30 old; the gap opens at 12.
    const limits = [
      { from: -Infinity, limit: 1 },
      { from: 5, limit: 2 },
      { from: 10, limit: 1 },
    ];
    const rules = [quotaRule(0, { limits, windowMs: 30 }), quotaRule(1, { windowMs: 12 })];
    expect(nextOf(rules, [attemptAt(0)], -Infinity, 1)).toBe(30);
    expect(nextOf(rules.toReversed(), [attemptAt(0)], -Infinity, 1)).toBe(30);
  });

  test('does not mind rules per target, and rules for accepting', () => {
    const rules = [quotaRule(1, { per: 'target' }), quotaRule(1, { kind: 'accept' })];
    const history = [attemptAt(T0), attemptAt(T0, { kind: 'accept' })];
    const usage = usageOf(rules, history, 'ann', T0);
    expect(usage.map(({ left }) => left)).toEqual([0, 0]);
    expect(nextAddAt(usage, -Infinity, T0)).toBeUndefined();
  });

  test('is the first instant that passes, tried one by one, for any rules, ages and histories', () => {
    const anyLimits: fc.Arbitrary<LimitStep[]> = fc
      .array(fc.tuple(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 0, max: 4 })), {
        minLength: 1,
        maxLength: 4,
      })
      .map((steps) => {
        let from = 0;
        return steps.map(([wait, limit], index) => ({
          from: index === 0 ? -Infinity : (from += wait),
          // The last one holds for ever: with none, nothing would ever pass.
          limit: index === steps.length - 1 ? Math.max(1, limit) : limit,
        }));
      });
    const anyRules = fc.array(
      fc
        .record({
          kind: fc.constantFrom('add' as const, 'add' as const, 'accept' as const),
          per: fc.constantFrom('account' as const, 'account' as const, 'target' as const),
          windowMs: fc.integer({ min: 1, max: 30 }),
          limits: anyLimits,
        })
        .map((parts) => quotaRule(0, parts)),
      { maxLength: 4 },
    );
    // Some lie after `now`: the clock was set back.
    const anyHistory = fc.array(
      fc
        .tuple(fc.integer({ min: 0, max: 60 }), fc.constantFrom('add' as const, 'accept' as const))
        .map(([at, kind]) => attemptAt(at, { kind })),
      { maxLength: 12 },
    );
    const anyAge = fc.oneof(fc.constant(-Infinity), fc.integer({ min: 0, max: 90 }));
    let waits = 0;
    fc.assert(
      fc.property(
        anyRules,
        anyHistory,
        anyAge,
        fc.integer({ min: 20, max: 60 }),
        (rules, history, oldEnoughAt, now) => {
          let first = now;
          while (first < oldEnoughAt || !passes(rules, history, first)) first++;
          if (first > Math.max(now, oldEnoughAt)) waits++;
          expect(nextOf(rules, history, oldEnoughAt, now)).toBe(first === now ? undefined : first);
        },
      ),
      { numRuns: 3000 },
    );
    expect(waits).toBeGreaterThan(200);
  });
});
