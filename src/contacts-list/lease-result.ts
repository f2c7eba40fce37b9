import type { GeweAnswer, ListFailure, RefreshResult } from './refresh.ts';

/** The result of a refresh, as JSON for the other gateways. The list itself is in the store. */
type EncodedResult =
  | { readonly kind: 'list'; readonly contentType: string; readonly savedAt: number }
  | ({ readonly kind: 'other' | 'no-list' } & EncodedAnswer)
  | { readonly kind: 'timeout-by-gewe'; readonly answer: EncodedAnswer }
  | { readonly kind: 'failed'; readonly failure: ListFailure };

interface EncodedAnswer {
  readonly contentType: string;
  /** Base64. */
  readonly body: string;
}

/** Undefined if another gateway should make the call again: this one has ended it because it stops. */
export function encodeResult(result: RefreshResult): Buffer | undefined {
  const message = encodable(result);
  return message && Buffer.from(JSON.stringify(message));
}

function encodable(result: RefreshResult): EncodedResult | undefined {
  switch (result.kind) {
    case 'list':
      return { kind: 'list', contentType: result.contentType, savedAt: result.list.savedAt };
    case 'other':
    case 'no-list':
      return { kind: result.kind, ...toBase64(result.answer) };
    case 'failed': {
      const { failure } = result;
      return failure.why === 'timeout' && failure.answer !== undefined
        ? { kind: 'timeout-by-gewe', answer: toBase64(failure.answer) }
        : { kind: 'failed', failure };
    }
    case 'refused':
      return undefined;
    default:
      return result satisfies never;
  }
}

type Decoded =
  Exclude<RefreshResult, { kind: 'list' }> | Extract<EncodedResult, { readonly kind: 'list' }>;

/**
 * Decodes a result. Its list has to be loaded from the store, and may be missing there. Undefined for bytes of another
 * version.
 */
export function decodeResult(bytes: Buffer): Decoded | undefined {
  const encoded = parse(bytes);
  if (encoded === undefined) return undefined;
  switch (encoded.kind) {
    case 'list':
      return encoded;
    case 'failed':
      return { kind: 'failed', failure: encoded.failure };
    case 'other':
    case 'no-list':
      return { kind: encoded.kind, answer: fromBase64(encoded) };
    case 'timeout-by-gewe':
      return { kind: 'failed', failure: { why: 'timeout', answer: fromBase64(encoded.answer) } };
    default:
      encoded satisfies never;
      return undefined;
  }
}

function toBase64({ contentType, body }: GeweAnswer): EncodedAnswer {
  return { contentType, body: body.toString('base64') };
}

function fromBase64({ contentType, body }: EncodedAnswer): GeweAnswer {
  return { contentType, body: Buffer.from(body, 'base64') };
}

function parse(bytes: Buffer): EncodedResult | undefined {
  try {
    return (JSON.parse(bytes.toString()) as EncodedResult | null) ?? undefined;
  } catch {
    return undefined;
  }
}
