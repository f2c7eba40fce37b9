import type { FlightResult, ListFailure, VendorAnswer } from './flight.ts';

/** What a gateway tells the others of its call. */
type ToldResult =
  | { readonly kind: 'list'; readonly contentType: string; readonly savedAt: number }
  | ({ readonly kind: 'other' | 'no-list' } & ToldAnswer)
  | { readonly kind: 'timeout-by-vendor'; readonly answer: ToldAnswer }
  | { readonly kind: 'failure'; readonly failure: ListFailure };

interface ToldAnswer {
  readonly contentType: string;
  /** Base64. */
  readonly body: string;
}

/** Undefined where another should make the call again: this gateway has ended its own because it stops. */
export function encodeResult(result: FlightResult): Buffer | undefined {
  const message = toldOf(result);
  return message && Buffer.from(JSON.stringify(message));
}

function toldOf(result: FlightResult): ToldResult | undefined {
  switch (result.kind) {
    case 'list':
      return { kind: 'list', contentType: result.contentType, savedAt: result.list.savedAt };
    case 'other':
    case 'no-list':
      return { kind: result.kind, ...toBase64(result.answer) };
    case 'failed': {
      const { failure } = result;
      return failure.why === 'timeout' && failure.answer !== undefined
        ? { kind: 'timeout-by-vendor', answer: toBase64(failure.answer) }
        : { kind: 'failure', failure };
    }
    case 'refused':
      return undefined;
    default:
      return result satisfies never;
  }
}

type Decoded =
  Exclude<FlightResult, { kind: 'list' }> | Extract<ToldResult, { readonly kind: 'list' }>;

/** The other way round; a list itself is in the store, if that could take it. Undefined for what another version may have told. */
export function decodeResult(bytes: Buffer): Decoded | undefined {
  const told = parse(bytes);
  if (told === undefined) return undefined;
  switch (told.kind) {
    case 'list':
      return told;
    case 'failure':
      return { kind: 'failed', failure: told.failure };
    case 'other':
    case 'no-list':
      return { kind: told.kind, answer: fromBase64(told) };
    case 'timeout-by-vendor':
      return { kind: 'failed', failure: { why: 'timeout', answer: fromBase64(told.answer) } };
    default:
      told satisfies never;
      return undefined;
  }
}

function toBase64({ contentType, body }: VendorAnswer): ToldAnswer {
  return { contentType, body: body.toString('base64') };
}

function fromBase64({ contentType, body }: ToldAnswer): VendorAnswer {
  return { contentType, body: Buffer.from(body, 'base64') };
}

function parse(bytes: Buffer): ToldResult | undefined {
  try {
    return (JSON.parse(bytes.toString()) as ToldResult | null) ?? undefined;
  } catch {
    return undefined;
  }
}
