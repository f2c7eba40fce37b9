/** The keys of one source: fetched in the background and when a token needs it, and kept while the provider is down. */
import type { JSONWebKeySet } from 'jose';
import { singleFlight } from '../../coalesce.ts';
import type { Clock } from '../../time.ts';
import { fetchKeys, sourceId, type FetchFailure, type KeySource } from './fetch-keys.ts';
import type { JsonClient } from './fetch-json.ts';
import { usableKeys } from './jwks.ts';
import type { KeySetStore, StoredKeySet } from './ports.ts';

/** Keys to verify with. Another key set is another object. */
export interface Keys {
  readonly jwks: JSONWebKeySet;
}

export interface KeySet {
  /** Undefined if there is no key, or none that is new enough. */
  current(): Keys | undefined;
  /** Resolves once the store has said what it has. Never rejects. */
  readonly loaded: Promise<void>;
  /** Fetches the keys, or joins the fetch under way, unless it is too soon after the last attempt. Never rejects. */
  refetch(): Promise<void>;
  /** How long until `refetch` may fetch again, milliseconds. */
  refetchInMs(): number;
  /** Fetches the keys in the background if it is time. */
  tick(): void;
  /** Whether the last attempt to fetch failed. */
  isFailing(): boolean;
  /** Ends the fetch under way. Resolves when nothing is under way any more, including writes to the store. */
  stop(): Promise<void>;
}

export interface KeySetEvents {
  /** The first failure, and then one in ten minutes. */
  onFailed(source: KeySource, failure: FetchFailure): void;
  /** After a failure that was reported. */
  onRecovered(source: KeySource): void;
  onStoreError(error: unknown): void;
}

interface KeySetParts {
  readonly http: JsonClient;
  readonly store: KeySetStore;
  readonly clock: Clock;
  readonly events: KeySetEvents;
}

const REFRESH_EVERY_MS = 10 * 60_000;
/** Counts attempts, so that neither unknown keys nor a provider that is down make more. */
const RETRY_AFTER_MS = 30_000;
/** How long keys are used after they were fetched. */
const USED_FOR_MS = 24 * 3_600_000;
const REPORT_EVERY_MS = 10 * 60_000;

/** Begins to load and to fetch at once, in the background. */
export function createKeySet(source: KeySource, parts: KeySetParts): KeySet {
  const { http, clock } = parts;
  const stopping = new AbortController();
  const flight = singleFlight<void>();
  const kept = createKept(sourceId(source), parts);
  const report = createFailureReport(source, parts);
  let held: (StoredKeySet & { readonly usable: Keys | undefined }) | undefined;
  /** On the monotonic clock: in case the other one is set back. */
  let usedUntil = -Infinity;
  let failing = false;
  let [attemptedAt, askedAt] = [-Infinity, -Infinity];

  function take(keySet: StoredKeySet): void {
    const usable = held?.keys === keySet.keys ? held.usable : keysOf(keySet.keys);
    held = { ...keySet, usable };
    usedUntil = clock.monotonic() + USED_FOR_MS - Math.max(0, clock.now() - keySet.fetchedAt);
  }

  function fetch(): Promise<void> {
    return flight.join('keys', async () => {
      attemptedAt = clock.monotonic();
      const fetchedAt = clock.now();
      const fetched = await fetchKeys(source, (url) => http.get(url, stopping.signal));
      if (stopping.signal.aborted) return;
      failing = fetched.kind === 'failed';
      if (fetched.kind === 'failed') {
        report.failed(fetched);
        // The store may have been away at the start, or have got keys from another gateway.
        return held === undefined ? load() : undefined;
      }
      take({ keys: fetched.keys, fetchedAt });
      kept.keep({ keys: fetched.keys, fetchedAt });
      report.succeeded();
    });
  }

  function refetchInMs(): number {
    // Attempts in the background count while the provider is down. Otherwise a new key would wait for no reason.
    const since = Math.max(askedAt, failing ? attemptedAt : -Infinity);
    return Math.max(0, since + RETRY_AFTER_MS - clock.monotonic());
  }

  async function load(): Promise<void> {
    const stored = await kept.load();
    // Keys from the provider are newer.
    if (stored !== undefined && held === undefined) take(stored);
  }

  const loaded = load();
  void fetch();

  return {
    current() {
      if (held === undefined || clock.monotonic() >= usedUntil) return undefined;
      return clock.now() - held.fetchedAt < USED_FOR_MS ? held.usable : undefined;
    },
    loaded,
    async refetch() {
      const underWay = flight.get('keys');
      if (underWay !== undefined) return underWay;
      if (stopping.signal.aborted || refetchInMs() > 0) return;
      askedAt = clock.monotonic();
      await fetch();
    },
    refetchInMs,
    tick() {
      const waitMs = failing ? RETRY_AFTER_MS : REFRESH_EVERY_MS;
      if (clock.monotonic() - attemptedAt >= waitMs && !stopping.signal.aborted) void fetch();
    },
    isFailing: () => failing,
    async stop() {
      stopping.abort();
      await flight.idle();
      await kept.idle();
    },
  };
}

/** Undefined if there is no key. */
function keysOf(text: string): Keys | undefined {
  const jwks = JSON.parse(text) as JSONWebKeySet;
  return jwks.keys.length === 0 ? undefined : { jwks };
}

/** The copy in the store. It is written no more often than keys are fetched, and only if there is something new. */
function createKept(id: string, { store, clock, events }: KeySetParts) {
  let stored: StoredKeySet | undefined;
  let work: Promise<unknown> = Promise.resolve();

  /** One after the other, so that the last one wins. A store that fails is reported, and otherwise ignored. */
  function next<T>(step: () => Promise<T>): Promise<T | undefined> {
    const done = work.then(step).catch((error: unknown) => {
      events.onStoreError(error);
      return undefined;
    });
    work = done;
    return done;
  }

  return {
    load: () =>
      next(async () => {
        const found = await store.load(id);
        // The clock was wrong when they were fetched, and they would be used for too long.
        if (found === undefined || found.fetchedAt > clock.now() + RETRY_AFTER_MS) return undefined;
        const keys = usableKeys(JSON.parse(found.keys));
        if (keys === undefined) return undefined;
        stored = { keys: JSON.stringify({ keys }), fetchedAt: found.fetchedAt };
        return stored;
      }),
    keep(keySet: StoredKeySet): void {
      void next(async () => {
        const { keys, fetchedAt = -Infinity } = stored ?? {};
        if (keys === keySet.keys && keySet.fetchedAt - fetchedAt < REFRESH_EVERY_MS) return;
        await store.save(id, keySet);
        stored = keySet;
      });
    },
    async idle() {
      await work;
    },
  };
}

/** Reports when the provider goes down and when it is back, at most once in ten minutes. */
function createFailureReport(source: KeySource, { clock, events }: KeySetParts) {
  let reportedAt = -Infinity;
  let isReported = false;
  return {
    failed(failure: FetchFailure): void {
      const now = clock.monotonic();
      if (now - reportedAt < REPORT_EVERY_MS) return;
      reportedAt = now;
      isReported = true;
      events.onFailed(source, failure);
    },
    succeeded(): void {
      if (isReported) events.onRecovered(source);
      isReported = false;
    },
  };
}
