import { createHash } from 'node:crypto';
import type { Clock } from '../time.ts';
import { Refusal, retryAfter, type RefusalCode } from '../errors.ts';
import type { AddResult } from './add-service.ts';
import type { Begin, IdempotencyStore } from './ports.ts';

/** The outcome of the first request, as it is kept. */
export type FirstAnswer =
  | { readonly kind: 'answer'; readonly contentType: string; readonly body: Buffer }
  | {
      readonly kind: 'refusal';
      readonly code: RefusalCode;
      readonly detail: string;
      /** Undefined in an answer that was kept before refusals had one. */
      readonly msg?: string;
      /** Likewise. */
      readonly members?: Readonly<Record<string, unknown>>;
    };

export interface IdempotencyScope {
  readonly client: string;
  readonly appId: string;
  /** As the caller wrote it in the `Idempotency-Key` header. */
  readonly key: string;
  /** The whole body, byte for byte. */
  readonly body: Buffer;
}

/** Held by the request that came first with a key. It must be finished or abandoned. */
export interface Claim {
  finish(answer: FirstAnswer): Promise<void>;
  abandon(): Promise<void>;
}

export type Claimed =
  | { readonly kind: 'claimed'; readonly claim: Claim }
  | { readonly kind: 'replay'; readonly answer: FirstAnswer };

/** How long an answer is kept after the first request, milliseconds. */
const KEPT_MS = 24 * 3_600_000;

/** Claims keys in the store. Rejects with a refusal if another request holds the key, and if the store fails. */
export interface Idempotency {
  claim(scope: IdempotencyScope): Promise<Claimed>;
}

/**
 * @param leaseMs the longest time that a request can be under way, milliseconds; after that, its gateway must have died
 */
export function createIdempotency(
  store: IdempotencyStore,
  clock: Clock,
  leaseMs: number,
): Idempotency {
  return {
    async claim({ client, appId, key, body }) {
      const storeKey = { appId, id: hash(JSON.stringify([client, appId, key])) };
      const now = clock.now();
      const begun = await store.begin(storeKey, hash(body), {
        now,
        leaseUntil: now + leaseMs,
        expiresAt: now + KEPT_MS,
      });
      switch (begun.kind) {
        case 'begun':
          return {
            kind: 'claimed',
            claim: {
              finish: (answer) => store.finish(storeKey, encode(answer)),
              abandon: () => store.abandon(storeKey),
            },
          };
        case 'finished':
          return { kind: 'replay', answer: decode(begun.answer) };
        case 'lost':
          return {
            kind: 'replay',
            answer: {
              kind: 'refusal',
              code: 'upstream-timeout',
              detail:
                'The gateway was stopped while this request was under way. It may have been carried out.',
            },
          };
        case 'in-progress':
          throw new Refusal(
            'idempotency-in-progress',
            'The first request with this Idempotency-Key is still in progress. Send it again later to get its response.',
            { headers: retryAfter(1000) },
          );
        case 'mismatch':
          throw new Refusal(
            'idempotency-mismatch',
            'This Idempotency-Key was already used with a different body. Use a new key for a new request.',
          );
        default:
          return begun satisfies never;
      }
    },
  };
}

export type Once =
  | { readonly kind: 'first'; readonly result: AddResult }
  | { readonly kind: 'replayed'; readonly answer: FirstAnswer };

/**
 * Makes an attempt, at most once for each key. Rejects with a refusal if another request holds the key, and if a store
 * fails before the attempt is sent.
 *
 * @param scope undefined for a request without a key: then the attempt is always made
 */
export async function once(
  idempotency: Idempotency,
  scope: IdempotencyScope | undefined,
  attempt: () => Promise<AddResult>,
): Promise<Once> {
  if (scope === undefined) return { kind: 'first', result: await attempt() };
  const claimed = await idempotency.claim(scope);
  if (claimed.kind === 'replay') return { kind: 'replayed', answer: claimed.answer };
  const { claim } = claimed;
  try {
    const result = await attempt();
    await settle(claim, result).catch(ignoreReported);
    return { kind: 'first', result };
  } catch (error) {
    await claim.abandon().catch(ignoreReported);
    throw error;
  }
}

/** Keeps the answer for the key, or frees the key if nothing was carried out: then the caller may try again. */
async function settle(claim: Claim, result: AddResult): Promise<void> {
  if (!result.spent) return claim.abandon();
  if (result.kind === 'answered') {
    const { contentType, body } = result.answer;
    return claim.finish({ kind: 'answer', contentType, body });
  }
  const { code, detail, msg, members } = result.refusal;
  return claim.finish({ kind: 'refusal', code, detail, msg, members });
}

/** The store reports its failures itself, and the outcome of the attempt is known without it. */
function ignoreReported(): void {}

/** A claim as a store keeps it. Instants are milliseconds since the epoch. */
export interface IdempotencyClaim {
  readonly fingerprint: string;
  readonly leaseUntil: number;
  readonly expiresAt: number;
  /** Undefined until the owner has finished. */
  readonly answer: Buffer | undefined;
}

/** What every store's `begin` decides between reading and writing; `begun` means that the caller may claim the key. */
export function judgeClaim(
  claim: IdempotencyClaim | undefined,
  fingerprint: string,
  now: number,
): Begin {
  if (claim === undefined || claim.expiresAt <= now) return { kind: 'begun' };
  if (claim.fingerprint !== fingerprint) return { kind: 'mismatch' };
  if (claim.answer !== undefined) return { kind: 'finished', answer: claim.answer };
  return { kind: claim.leaseUntil > now ? 'in-progress' : 'lost' };
}

/** How many expired keys one `begin` deletes: more than it adds, and never so many that it takes long. */
export const EXPIRED_PER_BEGIN = 32;

function hash(value: string | Buffer): string {
  return createHash('sha256').update(value).digest('base64url');
}

function encode(answer: FirstAnswer): Buffer {
  const kept =
    answer.kind === 'answer' ? { ...answer, body: answer.body.toString('base64') } : answer;
  return Buffer.from(JSON.stringify(kept));
}

function decode(bytes: Buffer): FirstAnswer {
  const kept = JSON.parse(bytes.toString()) as FirstAnswer & { body?: string };
  return kept.kind === 'answer'
    ? { ...kept, body: Buffer.from(kept.body as string, 'base64') }
    : kept;
}
