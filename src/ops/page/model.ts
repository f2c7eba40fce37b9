/** What the page says of the gateway as a whole: facts in, verdicts out. Pure. */
import type { ClientActivity } from '../client-activity.ts';
import type { Part } from '../health.ts';
import { NO_TROUBLES, type Troubles } from '../overview/select.ts';
import type { RecentSpan } from '../recent.ts';

/** Undefined for what the store could not say. */
export interface Facts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly notReady: readonly Part[];
  readonly warnings: readonly string[];
  readonly breaker: 'closed' | 'open';
  readonly isTokenAccepted: boolean;
  readonly clientCount: number;
  /** The last quarter of an hour of this process. */
  readonly quarter: RecentSpan;
  readonly clients: readonly ClientActivity[] | undefined;
  readonly troubles: Troubles | undefined;
}

/** Something that an operator should do something about. */
export type Need =
  | { readonly kind: Part | 'breaker' | 'failing' | KnownWarning }
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'fetchFailed' | 'stale'; readonly count: number };

type KnownWarning =
  'clientsFile' | 'tokenFile' | 'mayEvict' | 'forgets' | 'doesNotTell' | 'restored';

const WARNINGS: Readonly<Record<string, KnownWarning>> = {
  'clients-file-not-taken-over': 'clientsFile',
  'token-file-not-taken-over': 'tokenFile',
  'store-may-evict': 'mayEvict',
  'store-forgets-on-restart': 'forgets',
  'store-does-not-tell': 'doesNotTell',
  'quotas-blocked-after-restore': 'restored',
};

/** Those about settings of the store that can lose data. */
const ABOUT_STORE: ReadonlySet<string> = new Set([
  'store-may-evict',
  'store-forgets-on-restart',
  'store-does-not-tell',
]);

/** The most urgent first. */
export function needs(facts: Facts): Need[] {
  const { notReady, breaker, warnings, troubles = NO_TROUBLES } = facts;
  const found: Need[] = notReady.map((kind) => ({ kind }));
  if (breaker === 'open') found.push({ kind: 'breaker' });
  else if (isFailing(facts.quarter)) found.push({ kind: 'failing' });
  for (const text of warnings) {
    const kind = WARNINGS[text];
    found.push(kind === undefined ? { kind: 'warning', text } : { kind });
  }
  const { 'fetch-failed': fetchFailed, 'stale-list': stale } = troubles.counts;
  if (fetchFailed > 0) found.push({ kind: 'fetchFailed', count: fetchFailed });
  if (stale > 0) found.push({ kind: 'stale', count: stale });
  return found;
}

/** One or two failures are the network's. */
const FAILURES_THAT_MATTER = 5;
const SHARE_THAT_MATTERS = 0.1;

function isFailing({ calls, failedCalls }: RecentSpan): boolean {
  return failedCalls >= FAILURES_THAT_MATTER && failedCalls > calls * SHARE_THAT_MATTERS;
}

export type TileState = 'good' | 'warn' | 'bad' | 'idle';

/** The state of each part, and why. */
export interface Tiles {
  readonly upstream: Verdict<'down' | 'failing' | 'answers' | 'quiet'>;
  readonly token: Verdict<'rejected' | 'old' | 'accepted' | 'untried'>;
  readonly store: Verdict<'away' | 'warned' | 'restored' | 'works'>;
  readonly configuration: Verdict<'clientsFile' | 'tokenFile' | 'warned' | 'inForce'>;
  readonly clients: { readonly state: TileState };
}

interface Verdict<Why extends string> {
  readonly state: TileState;
  readonly why: Why;
}

export function tiles(facts: Facts): Tiles {
  const { warnings, quarter, clientCount } = facts;
  return {
    upstream: upstreamTile(facts.breaker, quarter),
    token: tokenTile(facts),
    store: storeTile(facts),
    configuration: configurationTile(warnings),
    clients: { state: isClientFailing(facts) ? 'warn' : clientCount === 0 ? 'idle' : 'good' },
  };
}

function upstreamTile(breaker: Facts['breaker'], quarter: RecentSpan): Tiles['upstream'] {
  if (breaker === 'open') return { state: 'bad', why: 'down' };
  if (isFailing(quarter)) return { state: 'warn', why: 'failing' };
  return quarter.calls === 0 ? { state: 'idle', why: 'quiet' } : { state: 'good', why: 'answers' };
}

function tokenTile({ notReady, warnings, isTokenAccepted }: Facts): Tiles['token'] {
  if (notReady.includes('token')) return { state: 'bad', why: 'rejected' };
  if (warnings.includes('token-file-not-taken-over')) return { state: 'warn', why: 'old' };
  return isTokenAccepted ? { state: 'good', why: 'accepted' } : { state: 'idle', why: 'untried' };
}

function storeTile({ notReady, warnings }: Facts): Tiles['store'] {
  if (notReady.includes('store')) return { state: 'bad', why: 'away' };
  if (warnings.some((warning) => ABOUT_STORE.has(warning))) return { state: 'warn', why: 'warned' };
  return warnings.includes('quotas-blocked-after-restore')
    ? { state: 'warn', why: 'restored' }
    : { state: 'good', why: 'works' };
}

function configurationTile(warnings: readonly string[]): Tiles['configuration'] {
  if (warnings.includes('clients-file-not-taken-over'))
    return { state: 'warn', why: 'clientsFile' };
  if (warnings.includes('token-file-not-taken-over')) return { state: 'warn', why: 'tokenFile' };
  const others = otherWarnings(warnings);
  return others.length > 0 ? { state: 'warn', why: 'warned' } : { state: 'good', why: 'inForce' };
}

/** Those that are not about one of the files or the store, such as an issuer without keys. */
export function otherWarnings(warnings: readonly string[]): readonly string[] {
  return warnings.filter((warning) => !(warning in WARNINGS));
}

/** Whether more requests of today went wrong than right. */
function isClientFailing({ clients = [] }: Facts): boolean {
  const { requests, notAnswered } = todayOf(clients);
  return requests >= 10 && notAnswered > requests / 2;
}

/** All clients' requests since midnight, UTC. */
export function todayOf(clients: readonly Pick<ClientActivity, 'today'>[]): {
  requests: number;
  notAnswered: number;
} {
  let [requests, notAnswered] = [0, 0];
  for (const { today } of clients) {
    requests += today.requests;
    notAnswered += today.requests - (today.codes['ok'] ?? 0);
  }
  return { requests, notAnswered };
}
