import { createHash, randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Refusal } from '../errors.ts';
import type { Client, ClientDirectory } from '../settings/client.ts';
import { hashKey, keyIdOf } from '../settings/clients.ts';
import type { Clock } from '../time.ts';
import { allowsAccount, allowsOperation, type Caller } from './caller.ts';
import type { SessionStore } from './ports.ts';
import type { SessionRequest } from './session-request.ts';
import {
  LONGEST_TOKEN,
  readSession,
  signingKeyIdOf,
  signSession,
  type SessionClaims,
} from './session-token.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { TokenFault } from './token-fault.ts';

/** A session as its creator gets it. */
export interface Session {
  readonly id: string;
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly appIds: readonly string[];
  readonly operations: readonly string[];
}

export type SessionVerdict =
  | { readonly kind: 'valid'; readonly caller: Caller }
  | { readonly kind: 'rejected'; readonly reason: TokenFault };

export interface Sessions {
  /**
   * Makes a session for the client that has this key. Rejects with a Refusal if the client may not, or if it asks for
   * more than it has.
   */
  create(client: Client, key: string, request: SessionRequest): Promise<Session>;
  /** Ends all sessions of a subject, or of the client, that were made before now. */
  end(client: Client, subject: string | undefined): Promise<void>;
  /** Whose session this token is. Rejects if the store fails before a signing key is known. */
  verify(token: string): Promise<SessionVerdict>;
}

interface SessionsParts {
  readonly store: Pick<SessionStore, 'end' | 'endedUntil'>;
  readonly signingKeys: SigningKeys;
  readonly clients: Pick<ClientDirectory, 'byName'>;
  readonly clock: Clock;
}

/** An ended session is refused within a second at every gateway. */
const ENDED_UNTIL_KNOWN_FOR_MS = 500;
/** Subjects whose last `end` is remembered. */
const REMEMBERED_SUBJECTS = 10_000;
/** Characters of tokens whose signature was checked. A check costs as much as a third of a request. */
const REMEMBERED_CHARACTERS = 4_000_000;

export function createSessions({ store, signingKeys, clients, clock }: SessionsParts): Sessions {
  const perf = { now: () => clock.monotonic() };
  const verified = new LRUCache<string, { claims: SessionClaims; signedBy: string }>({
    maxSize: REMEMBERED_CHARACTERS,
  });
  const endings = new LRUCache<string, number>({
    max: REMEMBERED_SUBJECTS,
    ttl: ENDED_UNTIL_KNOWN_FOR_MS,
    ttlResolution: 0,
    perf,
    // While the store is away, what was known last counts.
    allowStaleOnFetchRejection: true,
    noDeleteOnFetchRejection: true,
    fetchMethod: (_key, _stale, { context }) => {
      const { client, subject } = context as Pick<SessionClaims, 'client' | 'subject'>;
      return store.endedUntil(client, subject);
    },
  });
  /** The last `issuedAt` that this gateway has seen: ahead of the clock if that was set back since. */
  let lastIssuedAt = -Infinity;
  const endingKey = (client: string, subject = '') => `${client}/${subject}`;

  async function claimsOf(token: string): Promise<SessionClaims | TokenFault> {
    if (token.length > LONGEST_TOKEN) return 'malformed';
    const digest = createHash('sha256').update(token).digest('base64url');
    const known = verified.get(digest);
    const keyId = known?.signedBy ?? (await signingKeyIdOf(token));
    if (keyId === undefined) return 'malformed';
    const key = await signingKeys.find(keyId);
    if (key === undefined) return 'unknown-key';
    const now = clock.now();
    const claims = known?.claims ?? (await readSession(token, key, now));
    if (typeof claims === 'string') return claims;
    lastIssuedAt = Math.max(lastIssuedAt, claims.issuedAt);
    if (known === undefined) {
      verified.set(digest, { claims, signedBy: keyId }, { size: token.length });
    }
    // To the millisecond: the library compares whole seconds.
    return claims.expiresAt > now ? claims : 'expired';
  }

  async function isEnded({ client, subject, issuedAt }: SessionClaims): Promise<boolean> {
    const context = { client, subject };
    const known = await endings.fetch(endingKey(client, subject), { context });
    // Undefined if the store failed with nothing known, or if the entry was deleted meanwhile. Neither means "never".
    return issuedAt <= (known ?? (await store.endedUntil(client, subject)));
  }

  return {
    async create(client, key, request) {
      const { maxSeconds } = settingsOf(client);
      const ttlMs = lifetimeMs(request.ttlSeconds, maxSeconds);
      refuseMoreThanClient(client, request);
      // What was issued up to the last end counts as ended, so that a new session must come after it.
      const endedUntil = await store.endedUntil(client.name, request.subject);
      const now = clock.now();
      const issuedAt = Math.max(now, endedUntil + 1);
      lastIssuedAt = Math.max(lastIssuedAt, issuedAt);
      const { subject, appIds, operations } = request;
      const claims: SessionClaims = {
        id: randomUUID(),
        client: client.name,
        keyId: keyIdOf(hashKey(key)),
        subject,
        appIds,
        operations,
        issuedAt,
        // Not from `issuedAt`, which is in the future if the clock was set back after an end.
        expiresAt: now + ttlMs,
      };
      const token = await signSession(claims, await signingKeys.current());
      if (token.length > LONGEST_TOKEN) throw tooLong();
      return {
        id: claims.id,
        token,
        expiresAt: claims.expiresAt,
        appIds: appIds ?? client.appIds,
        operations: operations ?? client.operations,
      };
    },
    async end(client, subject) {
      settingsOf(client);
      const { name } = client;
      // After a session that was made in the last end's next millisecond, because the clock was set back.
      const endedUntil = await store.endedUntil(name, subject);
      await store.end(name, subject, Math.max(clock.now(), lastIssuedAt, endedUntil + 1));
      // At this gateway at once.
      if (subject === undefined) endings.clear();
      else endings.delete(endingKey(name, subject));
    },
    async verify(token) {
      const claims = await claimsOf(token);
      if (typeof claims === 'string') return { kind: 'rejected', reason: claims };
      const entry = clients.byName(claims.client);
      const isLive = entry?.client.sessions !== undefined && entry.keyIds.has(claims.keyId);
      if (!isLive || (await isEnded(claims))) return { kind: 'rejected', reason: 'revoked' };
      return { kind: 'valid', caller: callerOf(entry.client, claims) };
    },
  };
}

function callerOf(client: Client, { id, subject, appIds, operations }: SessionClaims): Caller {
  return { client, subject, grant: { appIds, operations }, session: subject ?? id };
}

/** @returns milliseconds. @throws Refusal `invalid-body` if it is longer than the client's sessions may be */
function lifetimeMs(ttlSeconds: number | undefined, maxSeconds: number): number {
  if (ttlSeconds === undefined || ttlSeconds <= maxSeconds)
    return (ttlSeconds ?? maxSeconds) * 1000;
  throw new Refusal(
    'invalid-body',
    `ttlSeconds is too long. The sessions of this client live at most ${maxSeconds} seconds.`,
  );
}

/** An appId must be one that the client may use, or exactly one of its patterns; an operation likewise. */
function refuseMoreThanClient(client: Client, { appIds = [], operations = [] }: SessionRequest) {
  const mayHave = (appId: string) =>
    client.appIds.includes(appId) || (!appId.includes('*') && allowsAccount(client.appIds, appId));
  if (!appIds.every(mayHave)) {
    throw new Refusal(
      'app-not-allowed',
      "The session asks for an appId that its client may not use. A pattern must be one of the client's, letter for letter.",
    );
  }
  const isGroup = (operation: string) => ['read', 'write', 'all'].includes(operation);
  const has = (operation: string) => client.operations.includes(operation);
  const mayGrant = (operation: string) =>
    has('all') ||
    has(operation) ||
    (operation === 'all' && has('read') && has('write')) ||
    (!isGroup(operation) && allowsOperation(client.operations, operation));
  if (!operations.every(mayGrant)) {
    throw new Refusal(
      'operation-not-allowed',
      'The session asks for an operation that its client may not call.',
    );
  }
}

/** @throws Refusal `operation-not-allowed` if the client may not have sessions */
function settingsOf({ sessions }: Client): NonNullable<Client['sessions']> {
  if (sessions !== undefined) return sessions;
  throw new Refusal(
    'operation-not-allowed',
    'This client may not have sessions. Its operator can allow them with `sessions` in the clients file.',
  );
}

function tooLong(): Refusal {
  return new Refusal(
    'invalid-body',
    'The token of this session would be longer than 8192 characters. Name fewer appIds, or a pattern of the client.',
  );
}
