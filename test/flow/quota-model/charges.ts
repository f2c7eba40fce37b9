/** The windows: the table of section 7. */
import { DAY_MS, HOUR_MS } from '../../support/add-contacts.ts';
import type { ModelClocks } from './account-clocks.ts';
import type { Ask, ModelPolicy } from './words.ts';

type ChargedKind = 'add' | 'accept';

interface Charge {
  readonly kind: ChargedKind;
  readonly appId: string;
  readonly person: string;
  readonly at: number;
}

/** All charges, and the usage of each rule. */
export function createModelCharges(policy: ModelPolicy, clocks: ModelClocks, now: () => number) {
  const { accountAge, add, accept } = policy.addContacts;
  const charges: Charge[] = [];

  function rulesFor(kind: ChargedKind) {
    const always = (limit: number) => () => limit;
    const rule = (
      name: string,
      code: string,
      windowMs: number,
      limit: (appId: string, instant: number) => number,
    ) => ({ name, code, kind, isPerPerson: name.startsWith('target'), windowMs, limit });
    if (kind === 'accept') {
      return [rule('accept-per-day', 'accept-quota-exhausted', DAY_MS, always(accept.perDay))];
    }
    const { minimumGapSeconds, perTwoHours, target } = add;
    const gapMs = minimumGapSeconds * 1000;
    const targetGapMs = target.minimumGapSeconds * 1000;
    return [
      rule('add-per-day', 'add-quota-exhausted', DAY_MS, clocks.addsPerDay),
      rule('add-per-two-hours', 'add-quota-exhausted', 2 * HOUR_MS, always(perTwoHours)),
      rule('add-gap', 'add-too-soon', gapMs, always(1)),
      rule('target-per-day', 'target-quota-exhausted', DAY_MS, always(target.perDay)),
      rule('target-gap', 'target-quota-exhausted', targetGapMs, always(1)),
    ].filter(({ windowMs }) => windowMs > 0);
  }

  /** Instants, in order, at which something can change for the account. */
  function edges(appId: string): number[] {
    const since = clocks.onlineSince(appId);
    const ages = [
      accountAge.minimumHours * HOUR_MS,
      ...add.perDay.map(({ fromDay }) => fromDay * DAY_MS),
    ];
    const windows = [...rulesFor('add'), ...rulesFor('accept')];
    return [
      ...ages.flatMap((age) => (typeof since === 'number' ? [since + age] : [])),
      ...charges
        .filter((one) => one.appId === appId)
        .flatMap(({ at }) => windows.map(({ windowMs }) => at + windowMs)),
    ].sort((a, b) => a - b);
  }

  return {
    edges,
    charge({ kind, appId, person }: Ask): void {
      if (kind !== 'reject') charges.push({ kind, appId, person, at: now() });
    },
    /** The usage of every rule; of those per person only if one is given. */
    quotas(appId: string, kind: ChargedKind, person?: string) {
      const rules = rulesFor(kind).filter((rule) => !rule.isPerPerson || person !== undefined);
      return rules.map(({ name, code, isPerPerson, windowMs, limit }) => {
        const freedAts = (instant: number) =>
          charges
            .filter((one) => one.appId === appId && one.kind === kind)
            .filter((one) => !isPerPerson || one.person === person)
            .map(({ at }) => at + windowMs)
            .filter((freedAt) => freedAt > instant);
        const leftAt = (instant: number) =>
          Math.max(0, limit(appId, instant) - freedAts(instant).length);
        const ahead = edges(appId).filter((edge) => edge > now());
        // Nothing changes between two edges.
        const opensAt = [now(), ...ahead].find((edge) => leftAt(edge) > 0) ?? NaN;
        const left = leftAt(now());
        const counted = freedAts(now());
        const nextFreedAt = counted.length > 0 ? Math.min(...counted) : now();
        const nextAt = left > 0 ? nextFreedAt : opensAt;
        return { name, code, windowMs, limit: limit(appId, now()), left, opensAt, nextAt };
      });
    },
  };
}
