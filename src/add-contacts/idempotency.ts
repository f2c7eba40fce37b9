import { createHash } from 'node:crypto';
import type { Clock } from '../time.ts';
import { Refusal, retryAfter, type RefusalCode } from '../errors.ts';
import type { AddResult } from './add-service.ts';
import type { AcquireResult, IdempotencyStore } from './ports.ts';

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

/** A request with an `Idempotency-Key`. */
export interface IdempotentRequest {
  readonly client: string;
  readonly appId: string;
  /** As the caller wrote it in the `Idempotency-Key` header. */
  readonly key: string;
  /** The whole body, byte for byte. */
  readonly body: Buffer;
}

/** The key, in the hands of the first request with it. It must be completed or released. */
export interface HeldKey {
  /** Keeps the answer, for later requests with the key. */
  complete(answer: FirstAnswer): Promise<void>;
  /** Frees the key: the request was not carried out. */
  release(): Promise<void>;
}

export type KeyOrReplay =
  | { readonly kind: 'acquired'; readonly key: HeldKey }
  | { readonly kind: 'replay'; readonly answer: FirstAnswer };

/** How long an answer is kept after the first request, milliseconds. */
const KEPT_MS = 24 * 3_600_000;

export interface Idempotency {
  /**
   * Acquires the request's key. Rejects with a refusal if another request holds it or if it came with another body before,
   * and if the store fails.
   */
  acquire(request: IdempotentRequest): Promise<KeyOrReplay>;
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
    async acquire({ client, appId, key, body }) {
      const storeKey = { appId, id: hash(JSON.stringify([client, appId, key])) };
      const now = clock.now();
      const result = await store.acquire(storeKey, hash(body), {
        now,
        leaseUntil: now + leaseMs,
        expiresAt: now + KEPT_MS,
      });
      switch (result.kind) {
        case 'acquired':
          return {
            kind: 'acquired',
            key: {
              complete: (answer) => store.complete(storeKey, encode(answer)),
              release: () => store.release(storeKey),
            },
          };
        case 'completed':
          return { kind: 'replay', answer: decode(result.answer) };
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
          return result satisfies never;
      }
    },
  };
}

export type OnceResult =
  | { readonly kind: 'first'; readonly result: AddResult }
  | { readonly kind: 'replayed'; readonly answer: FirstAnswer };

/**
 * Makes an attempt, at most once for each key. Rejects with a refusal if another request holds the key, and if a store
 * fails before the attempt is sent.
 *
 * @param request undefined if it has no key: then the attempt is always made
 */
export async function once(
  idempotency: Idempotency,
  request: IdempotentRequest | undefined,
  attempt: () => Promise<AddResult>,
): Promise<OnceResult> {
  if (request === undefined) return { kind: 'first', result: await attempt() };
  const acquired = await idempotency.acquire(request);
  if (acquired.kind === 'replay') return { kind: 'replayed', answer: acquired.answer };
  const { key } = acquired;
  try {
    const result = await attempt();
    await settle(key, result).catch(ignoreReported);
    return { kind: 'first', result };
  } catch (error) {
    await key.release().catch(ignoreReported);
    throw error;
  }
}

/** Keeps the answer for the key, or frees the key if nothing was carried out: then the caller may try again. */
async function settle(key: HeldKey, result: AddResult): Promise<void> {
  if (!result.spent) return key.release();
  if (result.kind === 'answered') {
    const { contentType, body } = result.answer;
    return key.complete({ kind: 'answer', contentType, body });
  }
  const { code, detail, msg, members } = result.refusal;
  return key.complete({ kind: 'refusal', code, detail, msg, members });
}

/** The store reports its failures itself, and the outcome of the attempt is known without it. */
function ignoreReported(): void {}

/** What a store keeps for a key. Instants are milliseconds since the epoch. */
export interface IdempotencyRecord {
  /** Of the body. */
  readonly fingerprint: string;
  /** The first request is under way until then at the latest. */
  readonly leaseUntil: number;
  readonly expiresAt: number;
  /** Undefined until the first request is completed. */
  readonly answer: Buffer | undefined;
}

/** What every store's `acquire` decides between reading and writing: `acquired` means that it may write a new record. */
export function judgeRecord(
  record: IdempotencyRecord | undefined,
  fingerprint: string,
  now: number,
): AcquireResult {
  if (record === undefined || record.expiresAt <= now) return { kind: 'acquired' };
  if (record.fingerprint !== fingerprint) return { kind: 'mismatch' };
  if (record.answer !== undefined) return { kind: 'completed', answer: record.answer };
  return { kind: record.leaseUntil > now ? 'in-progress' : 'lost' };
}

/** How many expired records one `acquire` deletes: more than it adds, and never so many that it takes long. */
export const EXPIRED_PER_ACQUIRE = 32;

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
