/** Tokens of the company's identity providers: which are accepted, and for which client. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { IssuerSettings } from '../../settings/issuer.ts';
import type { Clock } from '../../time.ts';
import type { Grant } from '../caller.ts';
import type { TokenFault } from '../token-fault.ts';
import { judgeClaims } from './claims.ts';
import { createJsonClient } from './fetch-json.ts';
import { keySourceOf, sourceId, type FetchFailure, type KeySource } from './fetch-keys.ts';
import { createKeySet, type Keys, type KeySet } from './key-set.ts';
import type { KeySetStore } from './ports.ts';
import {
  faultOfHeader,
  readUnverified,
  verifyToken,
  type UnverifiedToken,
  type Verified,
} from './verify-token.ts';

/** What becomes of a token. Nothing of it repeats the token or its claims, but the subject. */
export type TokenVerdict =
  | {
      readonly kind: 'valid';
      /** The name of a client of the clients file. */
      readonly client: string;
      readonly subject: string;
      readonly grant: Grant;
      /** Milliseconds since the epoch. The clock skew that is allowed for comes on top. */
      readonly expiresAt: number;
    }
  | { readonly kind: 'rejected'; readonly reason: TokenFault }
  /** The token is genuine, but may do nothing. */
  | { readonly kind: 'forbidden'; readonly detail: string }
  /** There are no keys to verify it with. */
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number };

export interface IssuerWarning {
  /** The name of the issuer in the clients file. */
  readonly issuer: string;
  /** No key to verify with, or keys that were fetched before the provider went down. */
  readonly warning: 'issuer-without-keys' | 'issuer-on-old-keys';
}

export interface Issuers {
  /**
   * Undefined if this is no JWT whose `iss` is exactly the one of an issuer. Waits for the provider only if the key of the
   * token is not known. If a token fits several issuers with the same `iss`, the first in the file decides.
   */
  verify(token: string): Promise<TokenVerdict> | undefined;
  warnings(): readonly IssuerWarning[];
  /** Ends all fetches. Resolves when nothing uses the store any more. */
  stop(): Promise<void>;
}

/** The issuers of the clients file, which change with it. */
export interface ConfiguredIssuers {
  issuers(): readonly IssuerSettings[];
  onIssuers(listener: () => void): void;
}

export interface IssuerEvents {
  /** The keys of these issuers cannot be fetched. */
  onFailed(issuers: readonly string[], failure: FetchFailure): void;
  onRecovered(issuers: readonly string[]): void;
  onStoreError(error: unknown): void;
}

interface IssuersParts {
  readonly configured: ConfiguredIssuers;
  readonly store: KeySetStore;
  readonly clock: Clock;
  readonly events: IssuerEvents;
  /** For each document of a provider, milliseconds. Default 5000. */
  readonly fetchTimeoutMs?: number | undefined;
  /** How often to look whether a fetch in the background is due, milliseconds. Default 1000. */
  readonly tickMs?: number | undefined;
}

/** In characters, which are bytes in a header. */
const MAX_TOKEN_LENGTH = 8 * 1024;

/** Fetches the keys in the background, from now on. */
export function createIssuers(parts: IssuersParts): Issuers {
  const { configured, clock } = parts;
  const sets = createKeySets(parts);
  let accepted = createAccepted(configured.issuers(), sets, clock);
  configured.onIssuers(() => {
    accepted = createAccepted(configured.issuers(), sets, clock);
  });
  return {
    verify(token) {
      if (accepted.isEmpty) return undefined;
      if (token.length <= MAX_TOKEN_LENGTH) return accepted.verify(token);
      // Its issuer stays unread. As JSON in base64url, a header begins with these letters.
      return /^e[yw]/.test(token) ? Promise.resolve(rejected('malformed')) : undefined;
    },
    warnings: () => accepted.warnings(),
    stop: sets.stop,
  };
}

/** An issuer and where its keys come from. Issuers with the same source share it. */
interface AcceptedIssuer {
  readonly settings: IssuerSettings;
  readonly keySet: KeySet;
}

/** Verified tokens, so that each is verified once. */
const MAX_REMEMBERED = 10_000;
/** Of the tokens together: what is remembered of a token can be as long as the token. */
const MAX_REMEMBERED_BYTES = 16 * 1024 * 1024;

interface Remembered {
  /** Of the token. */
  readonly bytes: number;
  readonly verdict: TokenVerdict;
  readonly expiresAt: number;
  readonly keySet: KeySet;
  /** The keys that it was verified with. After a change of the key set, it has to be verified again. */
  readonly keys: Keys;
}

/** The issuers of one state of the file. Tokens that were verified under other settings are forgotten with them. */
function createAccepted(
  settings: readonly IssuerSettings[],
  sets: ReturnType<typeof createKeySets>,
  clock: Clock,
) {
  const issuers = sets.use(settings);
  const remembered = new LRUCache<string, Remembered>({
    max: MAX_REMEMBERED,
    maxSize: MAX_REMEMBERED_BYTES,
    sizeCalculation: ({ bytes }) => bytes,
  });

  function recall(digest: string): TokenVerdict | undefined {
    const known = remembered.get(digest);
    if (known === undefined) return undefined;
    if (known.keySet.current() === known.keys && clock.now() < known.expiresAt) {
      return known.verdict;
    }
    remembered.delete(digest);
    return undefined;
  }

  async function judge(
    token: string,
    digest: string,
    unverified: UnverifiedToken,
    issuer: AcceptedIssuer,
  ): Promise<TokenVerdict> {
    const { settings, keySet } = issuer;
    const found = await verifyWithKeySet(token, unverified, issuer, clock);
    if (found.kind === 'unavailable') return found;
    if (found.kind === 'rejected') return rejected(found.reason);
    const { claims, expiresAt, keys } = found;
    const granted = judgeClaims(claims, settings);
    const verdict: TokenVerdict =
      granted.kind === 'forbidden'
        ? granted
        : { ...granted, kind: 'valid', client: settings.client, expiresAt };
    remembered.set(digest, { bytes: token.length, verdict, expiresAt, keySet, keys });
    return verdict;
  }

  return {
    isEmpty: issuers.length === 0,
    verify(token: string): Promise<TokenVerdict> | undefined {
      const digest = createHash('sha256').update(token).digest('base64');
      const known = recall(digest);
      if (known !== undefined) return Promise.resolve(known);
      const unverified = readUnverified(token);
      const ofIssuer = issuers.filter(({ settings }) => settings.issuer === unverified?.issuer);
      if (unverified === undefined || ofIssuer.length === 0) return undefined;
      const fault = faultOfHeader(unverified);
      if (fault !== undefined) return Promise.resolve(rejected(fault));
      const issuer = ofIssuer.find(({ settings }) =>
        settings.audience.some((one) => unverified.audience.includes(one)),
      );
      if (issuer === undefined) return Promise.resolve(rejected('audience'));
      return judge(token, digest, unverified, issuer);
    },
    warnings: () =>
      issuers.flatMap(({ settings, keySet }): IssuerWarning[] => {
        const issuer = settings.name;
        if (keySet.current() === undefined) return [{ issuer, warning: 'issuer-without-keys' }];
        return keySet.isFailing() ? [{ issuer, warning: 'issuer-on-old-keys' }] : [];
      }),
  };
}

type Judged =
  (Verified & { readonly keys: Keys }) | Extract<TokenVerdict, { readonly kind: 'unavailable' }>;

/** Fetches the keys if there are none, or if the token may be signed with a new one. */
async function verifyWithKeySet(
  token: string,
  { header }: UnverifiedToken,
  { settings, keySet }: AcceptedIssuer,
  clock: Clock,
): Promise<Judged> {
  const verifyNow = async () => {
    const keys = keySet.current();
    return keys && { ...(await verifyToken(token, keys, settings, clock.now())), keys };
  };
  if (keySet.current() === undefined) await keySet.loaded;
  let found = await verifyNow();
  if (found === undefined || (found.kind === 'rejected' && mayFitNewKey(found.reason, header))) {
    await keySet.refetch();
    if (keySet.current() !== found?.keys) found = await verifyNow();
  }
  return found ?? { kind: 'unavailable', retryAfterMs: Math.max(1000, keySet.refetchInMs()) };
}

/** Some providers do not name their keys: then the signature is wrong after each rotation. */
function mayFitNewKey(reason: TokenFault, header: UnverifiedToken['header']): boolean {
  return reason === 'unknown-key' || (reason === 'signature' && header?.['kid'] === undefined);
}

function rejected(reason: TokenFault) {
  return { kind: 'rejected', reason } as const;
}

/** How often to look whether a fetch in the background is due. */
const TICK_MS = 1000;

/** One key set for each source of keys that is in use. */
function createKeySets(parts: IssuersParts) {
  const { events, clock, store, tickMs = TICK_MS } = parts;
  const http = createJsonClient(parts.fetchTimeoutMs);
  const sets = new Map<string, KeySet>();
  /** Sets that no issuer uses any more. */
  const ending = new Set<Promise<void>>();
  let issuers: readonly IssuerSettings[] = [];
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const namesOf = (source: KeySource) =>
    issuers
      .filter((one) => sourceId(keySourceOf(one)) === sourceId(source))
      .map(({ name }) => name);

  function keySetOf(settings: IssuerSettings): KeySet {
    const source = keySourceOf(settings);
    const known = sets.get(sourceId(source));
    if (known !== undefined) return known;
    const made = createKeySet(source, {
      http,
      store,
      clock,
      events: {
        onFailed: (from, failure) => events.onFailed(namesOf(from), failure),
        onRecovered: (from) => events.onRecovered(namesOf(from)),
        onStoreError: events.onStoreError,
      },
    });
    sets.set(sourceId(source), made);
    return made;
  }

  function end(id: string, keySet: KeySet): void {
    sets.delete(id);
    const ended = keySet.stop();
    ending.add(ended);
    void ended.then(() => ending.delete(ended));
  }

  return {
    /** Makes the key sets of these issuers, and ends those of others. */
    use(next: readonly IssuerSettings[]): readonly AcceptedIssuer[] {
      if (stopped) return [];
      issuers = next;
      const needed = new Set(next.map((one) => sourceId(keySourceOf(one))));
      for (const [id, keySet] of [...sets]) if (!needed.has(id)) end(id, keySet);
      const accepted = next.map((settings) => ({ settings, keySet: keySetOf(settings) }));
      clearInterval(timer);
      timer = undefined;
      if (sets.size > 0) {
        timer = setInterval(() => sets.forEach((keySet) => keySet.tick()), tickMs).unref();
      }
      return accepted;
    },
    async stop(): Promise<void> {
      stopped = true;
      clearInterval(timer);
      for (const [id, keySet] of [...sets]) end(id, keySet);
      await Promise.all(ending);
      await http.close();
    },
  };
}
