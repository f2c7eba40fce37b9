import { createHash } from 'node:crypto';
import { kindOf, Refusal } from '../errors.ts';
import { TARGET } from './fields.ts';

/** The parts of an addContacts request that the gateway must know. */
export interface AddRequest {
  /** Rejecting a friend request is not charged. */
  readonly kind: 'add' | 'accept' | 'reject';
  /** A hash of `v3`. Empty without a usable `v3`, which is allowed for accepting and rejecting. */
  readonly target: string;
}

const KINDS: ReadonlyMap<unknown, AddRequest['kind']> = new Map<unknown, AddRequest['kind']>([
  ['2', 'add'],
  ['3', 'accept'],
  ['4', 'reject'],
]);

/**
 * Reads `option` (clients send it as a number or as a string) and `v3`. Only adding is counted per target, so only for
 * adding must `v3` be usable; the upstream judges everything else.
 *
 * @param texts the values as they are written: a number that is rounded to 3 here could be truncated to 2 by the upstream
 */
export function readAddRequest(
  body: Readonly<Record<string, unknown>>,
  texts: ReadonlyMap<string, string>,
): AddRequest | Refusal {
  const { option } = body;
  const kind = KINDS.get(typeof option === 'number' ? texts.get('option') : option);
  if (kind === undefined) {
    return new Refusal('invalid-option', optionFault(option));
  }
  const v3 = body['v3'];
  if (kind !== 'add') return { kind, target: typeof v3 === 'string' ? hash(v3) : '' };
  if (typeof v3 !== 'string' || !TARGET.test(v3)) {
    return new Refusal('invalid-target', targetFault(v3));
  }
  return { kind, target: hash(v3) };
}

function optionFault(option: unknown): string {
  const must = 'must be 2 (add), 3 (accept) or 4 (reject)';
  if (option === undefined) return `option is missing. It ${must}.`;
  const isAnother = typeof option === 'number' || typeof option === 'string';
  return isAnother ? `option ${must}.` : `option is ${kindOf(option)}. It ${must}.`;
}

function targetFault(v3: unknown): string {
  const source = 'Send the v3 of the person to add, from search or from a callback.';
  if (v3 === undefined) return `v3 is missing. ${source}`;
  if (typeof v3 !== 'string') return `v3 is ${kindOf(v3)}, not a string. ${source}`;
  if (v3 === '') return `v3 is empty. ${source}`;
  if (v3.length > 4096) return `v3 has more than 4096 characters. ${source}`;
  return `v3 contains a space or another character that is not allowed. ${source}`;
}

/** Stores keep only the hash of a person's `v3`. */
function hash(v3: string): string {
  return createHash('sha256').update(v3).digest('base64url');
}
