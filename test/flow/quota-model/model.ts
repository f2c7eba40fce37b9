/**
 * Section 7 of the contract in its simplest form: a list of charges, and what must happen next. It shares nothing with
 * `src/add-contacts`, so that both cannot share a mistake.
 */
import { DAY_MS, HOUR_MS } from '../../support/add-contacts.ts';
import { createModelClocks } from './account-clocks.ts';
import { createModelCharges } from './charges.ts';
import { OUTCOMES, type Upstream } from './upstream-outcomes.ts';
import type { Ask, ModelPolicy, Seen } from './words.ts';

/** The members of every refusal. */
type Refused = Pick<Seen, 'status' | 'ret' | 'code' | 'retryAt' | 'retryAfter' | 'onlineSince'>;

/** A gateway without sockets or stores. `now` is milliseconds since the epoch. */
export function createQuotaModel(policy: ModelPolicy, now: () => number) {
  const { accountAge } = policy.addContacts;
  const clocks = createModelClocks(policy, now);
  const { charge, quotas, edges } = createModelCharges(policy, clocks, now);
  /** The first answers under an Idempotency-Key. */
  const kept = new Map<string, { body: string; expiresAt: number; answer: Refused }>();

  function shownQuotas({ appId, kind, person }: Ask): Seen['quotas'] {
    const seconds = (ms: number) => Math.ceil(ms / 1000);
    const shown = kind === 'reject' ? quotas(appId, 'add') : quotas(appId, kind, person);
    return shown.map((one) => ({
      name: one.name,
      q: one.limit,
      w: seconds(one.windowMs),
      r: one.left,
      t: seconds(one.nextAt - now()),
    }));
  }

  function refusalOf({ kind, appId, person }: Ask): Refused | undefined {
    if (kind === 'reject') return undefined;
    const refused = (code: string, opensAt: number) => ({
      status: 429,
      ret: 429,
      code,
      retryAt: iso(opensAt),
      retryAfter: String(Math.max(1, Math.ceil((opensAt - now()) / 1000))),
    });
    const standing = quotas(appId, kind, person);
    const since = clocks.onlineSince(appId);
    // The contract does not say which of several refusals is given: age comes first, then the quota that opens last.
    if (kind === 'add' && accountAge.mode === 'block' && since !== 'trusted') {
      const oldAt = (since === 'unknown' ? now() : since) + accountAge.minimumHours * HOUR_MS;
      const opensAt = Math.max(oldAt, ...standing.map((one) => one.opensAt));
      const onlineSince = since === 'unknown' ? null : iso(since);
      if (oldAt > now()) return { ...refused('account-too-young', opensAt), onlineSince };
    }
    const [last] = standing.filter(({ left }) => left === 0).sort((a, b) => b.opensAt - a.opensAt);
    return last && refused(last.code, last.opensAt);
  }

  return {
    clocks,
    edges: (appId: string) =>
      [...edges(appId), ...[...kept.values()].map(({ expiresAt }) => expiresAt)].sort(
        (a, b) => a - b,
      ),

    /** Plays an event and returns what must be observed. */
    ask(ask: Ask, upstream: Upstream): Seen {
      const { appId, kind, person, key } = ask;
      const body = `${kind} ${person}`;
      const before = kept.get(`${appId} ${key}`);
      if (before !== undefined && now() < before.expiresAt) {
        const mismatch = { status: 422, ret: 422, code: 'idempotency-mismatch' };
        const isReplay = before.body === body;
        const again = isReplay ? before.answer : mismatch;
        return { ...again, isReplay, forwarded: 0, quotas: shownQuotas(ask) };
      }

      const { isReached, saysOnline, isKept, answer } = OUTCOMES[upstream];
      const state = clocks.stateFor(ask);
      const isAsked = state === 'asked-before' || state === 'asked-beside';
      if (isAsked) clocks.asked(appId, isReached);
      if (state === 'asked-before' && saysOnline) clocks.see(appId);

      const refusal = refusalOf(ask);
      const forwarded = refusal === undefined && isReached ? 1 : 0;
      if (forwarded === 1) charge(ask);
      const seen = { ...(refusal ?? answer), isReplay: false, forwarded, quotas: shownQuotas(ask) };

      const isConfirmed = (isAsked && saysOnline) || (forwarded === 1 && answer.ret === 200);
      if (isConfirmed) clocks.see(appId);
      if (key !== undefined && forwarded === 1 && isKept) {
        kept.set(`${appId} ${key}`, { body, expiresAt: now() + DAY_MS, answer });
      }
      return seen;
    },

    /** When the last key expired. The contract does not say whether a clock set back makes an expired key valid again. */
    lastExpiryAt(): number {
      const expiries = [...kept.values()].map(({ expiresAt }) => expiresAt);
      return Math.max(...expiries.filter((at) => at <= now()));
    },

    /** The account as the admin API shows it; undefined if it is unknown. */
    account(appId: string) {
      const firstSeen = clocks.firstSeen(appId);
      if (!clocks.isDeclared(appId) && firstSeen === undefined) return undefined;
      const since = clocks.onlineSince(appId);
      const waitMs = accountAge.mode === 'block' ? accountAge.minimumHours * HOUR_MS : 0;
      return {
        appId,
        onlineSince: typeof since === 'number' ? iso(since) : null,
        firstSeenAt: firstSeen === undefined ? null : iso(firstSeen),
        addOpensAt: typeof since === 'number' ? iso(since + waitMs) : null,
        quotas: [...quotas(appId, 'add'), ...quotas(appId, 'accept')].map((one) => ({
          name: one.name,
          limit: one.limit,
          windowSeconds: one.windowMs / 1000,
          left: one.left,
          opensAt: iso(one.opensAt),
        })),
      };
    },
  };
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
