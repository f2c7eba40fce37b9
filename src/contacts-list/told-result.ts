import { tokenRejected } from '../gewe/answer-or-refusal.ts';
import type { FlightResult, ListFailure } from './flight.ts';

/** What a gateway tells the others of its call. */
type ToldResult =
  | { readonly kind: 'list'; readonly contentType: string; readonly savedAt: number }
  | { readonly kind: 'other'; readonly contentType: string; readonly body: string }
  | { readonly kind: 'failed'; readonly why: ListFailure }
  | { readonly kind: 'token-rejected' };

/** Undefined where another should make the call again: this gateway has ended its own because it stops. */
export function encodeResult(result: FlightResult): Buffer | undefined {
  const told = toldOf(result);
  return told && Buffer.from(JSON.stringify(told));
}

function toldOf(result: FlightResult): ToldResult | undefined {
  switch (result.kind) {
    case 'list':
      return { kind: 'list', contentType: result.contentType, savedAt: result.list.savedAt };
    case 'other': {
      const { contentType, body } = result.answer;
      return { kind: 'other', contentType, body: body.toString('base64') };
    }
    case 'failed':
      return result;
    case 'refused':
      return result.refusal.code === 'upstream-token-rejected'
        ? { kind: 'token-rejected' }
        : undefined;
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
    case 'failed':
      return told;
    case 'other': {
      const body = Buffer.from(told.body, 'base64');
      return { kind: 'other', answer: { contentType: told.contentType, body } };
    }
    case 'token-rejected':
      return { kind: 'refused', refusal: tokenRejected() };
    default:
      told satisfies never;
      return undefined;
  }
}

function parse(bytes: Buffer): ToldResult | undefined {
  try {
    return (JSON.parse(bytes.toString()) as ToldResult | null) ?? undefined;
  } catch {
    return undefined;
  }
}
