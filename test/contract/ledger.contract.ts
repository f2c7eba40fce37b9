import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { LEDGER_RETENTION_MS } from '../../src/add-contacts/ports.ts';
import type { Charge, Ledger } from '../../src/add-contacts/ports.ts';
import type { Attempt, QuotaRule } from '../../src/add-contacts/rules.ts';
import {
  attemptAt,
  DAY_MS,
  HOUR_MS,
  quotaRule,
  T0,
  entryOf,
  chargedOf,
} from '../support/quota-rules.ts';
import type { OpenStoresUnderTest, StoresUnderTest } from '../support/stores-under-test.ts';

/** What every Ledger does. */
export function describeLedger(open: OpenStoresUnderTest): void {
  describe('a ledger', () => {
    let opened: StoresUnderTest;
    let ledger: Ledger;
    beforeEach(async () => {
      opened = await open();
      ledger = opened.stores.ledger;
    });
    afterEach(() => opened.dispose());

    /** Charges at the instant of the attempt. */
    function charge(appId: string, { at, ...attempt }: Attempt, rules: readonly QuotaRule[]) {
      opened.clock.set(at);
      return ledger.charge(appId, attempt, rules, entryOf(appId));
    }

    function usage(
      appId: string,
      rules: readonly QuotaRule[],
      target: string | undefined,
      now: number,
    ) {
      opened.clock.set(now);
      return ledger.usage(appId, rules, target);
    }

    async function left(appId: string, limit: number, now = T0): Promise<number | undefined> {
      return (await usage(appId, [quotaRule(limit)], undefined, now))[0]?.left;
    }

    test('charges while quota is left, and returns the usage after the charge', async () => {
      const rule = quotaRule(2);
      const first = await charge('wx_a', attemptAt(T0), [rule]);
      expect(first.kind).toBe('charged');
      expect(first.usage).toEqual([
        { rule, limit: 2, left: 1, opensAt: T0, nextFreedAt: T0 + DAY_MS, counted: [T0] },
      ]);
      const second = await charge('wx_a', attemptAt(T0 + 5), [rule]);
      expect(second.usage[0]).toMatchObject({ left: 0, opensAt: T0 + DAY_MS });
    });

    test('counts a charge at t until just before t + window, and charges again from then on', async () => {
      const rules = [quotaRule(1)];
      await charge('wx_a', attemptAt(T0), rules);
      const early = await charge('wx_a', attemptAt(T0 + DAY_MS - 1), rules);
      expect(early).toMatchObject({ kind: 'refused', rule: rules[0], retryAt: T0 + DAY_MS });
      expect((await charge('wx_a', attemptAt(T0 + DAY_MS), rules)).kind).toBe('charged');
    });

    test('given 100 attempts at one instant with 5 left, charges exactly 5', async () => {
      const rules = [quotaRule(5)];
      const charges = await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          charge('wx_a', attemptAt(T0, { target: `person ${i}` }), rules),
        ),
      );
      const ids = charges.flatMap((one) => (one.kind === 'charged' ? [one.attemptId] : []));
      expect(ids).toHaveLength(5);
      expect(new Set(ids).size).toBe(5);
      expect(await left('wx_a', 5)).toBe(0);
    });

    test('counts a rule per target separately for each target', async () => {
      const rules = [quotaRule(1, { per: 'target', code: 'target-quota-exhausted' })];
      const kinds: Charge['kind'][] = [];
      for (const target of ['ann', 'ann', 'Ann', 'bob']) {
        kinds.push((await charge('wx_a', attemptAt(T0, { target }), rules)).kind);
      }
      expect(kinds).toEqual(['charged', 'refused', 'charged', 'charged']);
    });

    test('with several rules, charges only if all allow it, and names the rule that opens last', async () => {
      const gap = quotaRule(1, { name: 'gap', code: 'add-too-soon', windowMs: 60_000 });
      const day = quotaRule(2);
      await charge('wx_a', attemptAt(T0), [gap, day]);
      expect(await charge('wx_a', attemptAt(T0 + 59_999), [gap, day])).toMatchObject({
        kind: 'refused',
        rule: gap,
        retryAt: T0 + 60_000,
      });
      await charge('wx_a', attemptAt(T0 + 60_000), [gap, day]);
      expect(await charge('wx_a', attemptAt(T0 + 60_001), [gap, day])).toMatchObject({
        kind: 'refused',
        rule: day,
        retryAt: T0 + DAY_MS,
      });
    });

    test("with a limit that grows with the account's age, allows more from the instant of the step on", async () => {
      const step = T0 + 2 * HOUR_MS;
      const limits = [
        { from: -Infinity, limit: 1 },
        { from: step, limit: 2 },
      ];
      const rules = [quotaRule(1, { limits })];
      await charge('wx_a', attemptAt(T0), rules);
      expect(await charge('wx_a', attemptAt(step - 1), rules)).toMatchObject({
        kind: 'refused',
        retryAt: step,
      });
      expect((await charge('wx_a', attemptAt(step), rules)).kind).toBe('charged');
    });

    test('counts adding and accepting separately, even if one of them is exhausted', async () => {
      const rules = [
        quotaRule(1),
        quotaRule(1, { kind: 'accept', code: 'accept-quota-exhausted' }),
      ];
      expect((await charge('wx_a', attemptAt(T0), rules)).kind).toBe('charged');
      const accept = attemptAt(T0, { kind: 'accept' });
      expect((await charge('wx_a', accept, rules)).kind).toBe('charged');
      expect((await charge('wx_a', attemptAt(T0), rules)).kind).toBe('refused');
    });

    test('charges nothing for a refusal', async () => {
      await charge('wx_a', attemptAt(T0), [quotaRule(1)]);
      for (let i = 0; i < 10; i++) await charge('wx_a', attemptAt(T0 + i), [quotaRule(1)]);
      expect(await left('wx_a', 5, T0 + 10)).toBe(4);
    });

    test('charges nothing for reading the usage', async () => {
      for (let i = 0; i < 10; i++) expect(await left('wx_a', 5)).toBe(5);
    });

    test('leaves rules per target out of the usage if no target is given', async () => {
      const rules = [quotaRule(5), quotaRule(2, { name: 'target', per: 'target' })];
      await charge('wx_a', attemptAt(T0), rules);
      const names = async (target: string | undefined) =>
        (await usage('wx_a', rules, target, T0)).map((one) => [one.rule.name, one.left]);
      expect(await names(undefined)).toEqual([['day', 4]]);
      expect(await names('ann')).toEqual([
        ['day', 4],
        ['target', 1],
      ]);
      expect(await names('bob')).toEqual([
        ['day', 4],
        ['target', 2],
      ]);
    });

    test('refunds a charge once', async () => {
      const rules = [quotaRule(2)];
      const charged = await charge('wx_a', attemptAt(T0), rules);
      await charge('wx_a', attemptAt(T0), rules);
      await ledger.refund('wx_a', chargedOf(charged));
      expect(await left('wx_a', 2)).toBe(1);
      await ledger.refund('wx_a', chargedOf(charged));
      expect(await left('wx_a', 2)).toBe(1);
    });

    test("ignores a refund of an unknown charge or of another account's charge", async () => {
      const charged = await charge('wx_a', attemptAt(T0), [quotaRule(2)]);
      await ledger.refund('wx_a', { attemptId: 'no such charge', entryId: '0' });
      await ledger.refund('wx_b', chargedOf(charged));
      expect(await left('wx_a', 2)).toBe(1);
    });

    test('counts two accounts separately, even if their appIds differ only in case', async () => {
      const rules = [quotaRule(1)];
      for (const appId of ['wx_a', 'wx_b', 'wx_A']) {
        expect((await charge(appId, attemptAt(T0), rules)).kind).toBe('charged');
        expect((await charge(appId, attemptAt(T0), rules)).kind).toBe('refused');
      }
    });

    test('without rules, charges, and counts these charges for later rules', async () => {
      expect(await charge('wx_a', attemptAt(T0), [])).toMatchObject({
        kind: 'charged',
        usage: [],
      });
      expect(await left('wx_a', 5)).toBe(4);
    });

    test('counts charges that are in the future because the clock was set back', async () => {
      await charge('wx_a', attemptAt(T0), [quotaRule(1)]);
      const back = await charge('wx_a', attemptAt(T0 - HOUR_MS), [quotaRule(1)]);
      expect(back).toMatchObject({ kind: 'refused', retryAt: T0 + DAY_MS });
    });

    test('after the clock ran ahead and was set back, still counts charges that had left the longest window meanwhile', async () => {
      const week = 7 * DAY_MS;
      const rules = [quotaRule(1, { per: 'target', windowMs: week })];
      await charge('wx_a', attemptAt(T0), rules);
      await charge('wx_a', attemptAt(T0 + 2 * week - 1, { target: 'bob' }), rules);
      const back = await charge('wx_a', attemptAt(T0 + week - 1), rules);
      expect(back).toMatchObject({ kind: 'refused', retryAt: T0 + week });
    });

    test('counts attempts at a target for longer than attempts of the account, each in its own window', async () => {
      const rules = [
        quotaRule(2),
        quotaRule(1, { name: 'target', per: 'target', windowMs: 7 * DAY_MS }),
      ];
      const atOf = (at: number, target: string) => charge('wx_a', attemptAt(at, { target }), rules);
      await atOf(T0, 'ann');
      await atOf(T0, 'bob');
      const later = T0 + 2 * DAY_MS;
      expect(await atOf(later, 'ann')).toMatchObject({
        kind: 'refused',
        rule: rules[1],
        retryAt: T0 + 7 * DAY_MS,
        usage: [{ left: 2 }, { left: 0 }],
      });
      expect(await atOf(later, 'cid')).toMatchObject({
        kind: 'charged',
        usage: [{ left: 1 }, { left: 0 }],
      });
    });

    test('drops charges older than the retention at the next charge, and keeps younger ones', async () => {
      const wide = 2 * LEDGER_RETENTION_MS;
      const rules = [quotaRule(9, { windowMs: wide })];
      await charge('wx_a', attemptAt(T0), rules);
      await charge('wx_a', attemptAt(T0 + 1), rules);
      await charge('wx_b', attemptAt(T0), rules);
      const now = T0 + LEDGER_RETENTION_MS;
      await charge('wx_a', attemptAt(now), rules);
      expect((await usage('wx_a', rules, undefined, now))[0]?.left).toBe(7);
      expect((await usage('wx_b', rules, undefined, now))[0]?.left).toBe(8);
    });
  });
}
