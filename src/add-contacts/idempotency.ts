import { createHash } from 'node:crypto';
import type { Clock } from '../time.ts';
import { Refusal, type RefusalCode } from '../errors.ts';
import type { IdempotencyStore } from './ports.ts';

/** What the first request came to, as it is kept. */
export type FirstAnswer =
  | { readonly kind: 'answer'; readonly contentType: string; readonly body: Buffer }
  | { readonly kind: 'refusal'; readonly code: RefusalCode; readonly detail: string };

export interface IdempotencyScope {
  readonly client: string;
  readonly appId: string;
  /** As the caller wrote it in the `Idempotency-Key` header. */
  readonly key: string;
  /** The whole body, byte for byte. */
  readonly body: Buffer;
}

/** The caller's hold on a key: it must say what became of the request. */
export interface Claim {
  finish(answer: FirstAnswer): Promise<void>;
  abandon(): Promise<void>;
}

export type Claimed =
  | { readonly kind: 'claimed'; readonly claim: Claim }
  | { readonly kind: 'replay'; readonly answer: FirstAnswer };

/** How long an answer is kept, from the first request on. */
const KEPT_MS = 24 * 3_600_000;

/** Claims keys in the store and refuses where somebody else holds one. Rejects where the store fails. */
export interface Idempotency {
  claim(scope: IdempotencyScope): Promise<Claimed>;
}

/** @param leaseMs how long a request can be under way; after that its owner must have died */
export function createIdempotency(
  store: IdempotencyStore,
  clock: Clock,
  leaseMs: number,
): Idempotency {
  return {
    async claim({ client, appId, key, body }) {
      const name = { appId, id: hash(JSON.stringify([client, appId, key])) };
      const now = clock.now();
      const begun = await store.begin(name, hash(body), {
        now,
        leaseUntil: now + leaseMs,
        expiresAt: now + KEPT_MS,
      });
      switch (begun.kind) {
        case 'begun':
          return {
            kind: 'claimed',
            claim: {
              finish: (answer) => store.finish(name, encode(answer)),
              abandon: () => store.abandon(name),
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
            'The first request with this Idempotency-Key is still under way. Ask again for its answer.',
            { headers: { 'Retry-After': '1' } },
          );
        case 'mismatch':
          throw new Refusal(
            'idempotency-mismatch',
            'This Idempotency-Key came with another body before. Use a new key for a new request.',
          );
        default:
          return begun satisfies never;
      }
    },
  };
}

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
