import type { AddResult } from './add-service.ts';
import type { Claim, FirstAnswer, Idempotency, IdempotencyScope } from './idempotency.ts';

export type Once =
  | { readonly kind: 'first'; readonly result: AddResult }
  | { readonly kind: 'replayed'; readonly answer: FirstAnswer };

/**
 * Makes an attempt, at most once for each key. Rejects with the refusal where another holds the key, and where a store
 * fails before the attempt is sent.
 *
 * @param scope undefined where the caller shows no key: then every attempt is a first one
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

/** Keeps the answer for the key, or frees the key where nothing was carried out and trying again is right. */
async function settle(claim: Claim, result: AddResult): Promise<void> {
  if (!result.spent) return claim.abandon();
  if (result.kind === 'answered') {
    const { contentType, body } = result.answer;
    return claim.finish({ kind: 'answer', contentType, body });
  }
  const { code, detail } = result.refusal;
  return claim.finish({ kind: 'refusal', code, detail });
}

/** The store reports its failures itself, and what became of the attempt is known whatever becomes of the key. */
function ignoreReported(): void {}
