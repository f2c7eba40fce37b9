/** Reads the query of an admin path. Parameters that a path does not have are ignored. */
import type { Request } from 'express';
import { Refusal } from '../../errors.ts';

/** A part of a long answer. */
export interface PageQuery {
  /** The `next` of the page before; undefined for the first page. */
  readonly after: string | undefined;
  readonly limit: number;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/**
 * `?after=` and `?limit=`.
 *
 * @param form what an `after` of this path looks like
 * @throws Refusal
 */
export function readPage(req: Request, form: RegExp): PageQuery {
  const limit = wholeNumber(req, 'limit', 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
  const after = parameter(req, 'after');
  if (after !== undefined && !form.test(after)) throw badAfter();
  return { after, limit };
}

export function badAfter(): Refusal {
  return badQuery(
    'The parameter `after` must be the `next` of the page before, with the other parameters unchanged.',
  );
}

/** One of `allowed`; the first if the query has none. @throws Refusal */
export function oneOf<const T extends string>(
  req: Request,
  name: string,
  allowed: readonly [T, ...T[]],
): T {
  const text = parameter(req, name);
  const value = text === undefined ? allowed[0] : allowed.find((one) => one === text);
  if (value === undefined) {
    throw badQuery(`The parameter \`${name}\` must be one of ${allowed.join(', ')}.`);
  }
  return value;
}

/** Undefined if the query has none. @throws Refusal */
export function wholeNumber(
  req: Request,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const text = parameter(req, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  // Written this way round, it also refuses NaN.
  if (!(value >= least && value <= most)) {
    throw badQuery(`The parameter \`${name}\` must be a whole number from ${least} to ${most}.`);
  }
  return value;
}

/** The value of a parameter; undefined if it is absent or empty. */
function parameter(req: Request, name: string): string | undefined {
  const value = req.query[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw badQuery(`Send the parameter \`${name}\` once.`);
}

function badQuery(detail: string): Refusal {
  return new Refusal('invalid-body', detail, { msg: '查询参数不正确' });
}

/** One page out of entries that were read one further than its limit. */
export function cut<T>(
  entries: readonly T[],
  limit: number,
  cursorOf: (last: T) => string,
): { readonly page: readonly T[]; readonly next: string | null } {
  const page = entries.slice(0, limit);
  const last = page.at(-1);
  const next = entries.length > limit && last !== undefined ? cursorOf(last) : null;
  return { page, next };
}
