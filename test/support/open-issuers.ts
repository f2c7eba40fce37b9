import { createIssuers, type Issuers, type TokenVerdict } from '../../src/auth/issuers/issuers.ts';
import type { KeySetStore, StoredKeySet } from '../../src/auth/issuers/ports.ts';
import type { IssuerSettings } from '../../src/settings/issuer.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { movableClock, type MovableClock } from './movable-clock.ts';

const AUDIENCE = 'gewe-gateway';

/** Settings of an issuer with the least in them. */
export function issuerSettings(
  { url }: Pick<IdentityProvider, 'url'>,
  more: Partial<IssuerSettings> = {},
): IssuerSettings {
  return {
    name: 'staff',
    issuer: url,
    audience: [AUDIENCE],
    client: 'web',
    require: {},
    subjectClaim: 'sub',
    ...more,
  };
}

/** A store in memory that counts what is saved. */
export function countingStore() {
  const saved: StoredKeySet[] = [];
  const kept = new Map<string, StoredKeySet>();
  const store: KeySetStore = {
    async load(source) {
      return kept.get(source);
    },
    async save(source, keySet) {
      saved.push(keySet);
      kept.set(source, keySet);
    },
  };
  return { ...store, saved };
}

export interface OpenIssuers extends Issuers {
  readonly clock: MovableClock;
  /** What was reported, in words. */
  readonly events: readonly string[];
  /** As a change of the clients file does. */
  change(settings: readonly IssuerSettings[]): void;
  /** The verdict; throws if the token is of no issuer. */
  judge(token: string): Promise<TokenVerdict>;
  /** The kind of the verdict, and the reason if it is rejected. */
  outcome(token: string): Promise<string>;
}

interface OpenIssuersOptions {
  readonly store?: KeySetStore;
  readonly clock?: MovableClock;
  /** Against a test that hangs, unless it is about time. */
  readonly fetchTimeoutMs?: number;
}

/** Issuers by themselves, on a clock that the test moves. Background work looks at that clock every few milliseconds. */
export function openIssuers(
  settings: readonly IssuerSettings[],
  options: OpenIssuersOptions = {},
): OpenIssuers {
  const { store = countingStore(), clock = movableClock(), fetchTimeoutMs = 60_000 } = options;
  const events: string[] = [];
  const listeners: (() => void)[] = [];
  let current = settings;
  const issuers = createIssuers({
    configured: {
      issuers: () => current,
      onIssuers: (listener) => void listeners.push(listener),
    },
    store,
    clock,
    events: {
      onFailed: (names, { document, why }) => events.push(`${names.join()}: ${document}: ${why}`),
      onRecovered: (names) => events.push(`${names.join()}: recovered`),
      onStoreError: (error) => events.push(`store: ${(error as Error).message}`),
    },
    fetchTimeoutMs,
    tickMs: 5,
  });
  async function judge(token: string): Promise<TokenVerdict> {
    const verdict = issuers.verify(token);
    if (verdict === undefined) throw new Error('The token is of no issuer');
    return verdict;
  }
  return {
    ...issuers,
    clock,
    events,
    change(next) {
      current = next;
      for (const listener of listeners) listener();
    },
    judge,
    async outcome(token) {
      const verdict = await judge(token);
      return verdict.kind === 'rejected' ? verdict.reason : verdict.kind;
    },
  };
}

/** The claims of a good token, as of this clock. */
export function goodClaims(
  { url }: Pick<IdentityProvider, 'url'>,
  clock: MovableClock,
  more: object = {},
) {
  const seconds = Math.floor(clock.now() / 1000);
  return { iss: url, aud: AUDIENCE, sub: 'alice', iat: seconds, exp: seconds + 3600, ...more };
}
