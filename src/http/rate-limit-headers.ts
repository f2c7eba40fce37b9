import type { QuotaUsage } from '../add-contacts/rules.ts';

/** The state of a rate limit or a quota. */
export interface Rate {
  readonly name: string;
  readonly limit: number;
  /** Milliseconds. */
  readonly windowMs: number;
  readonly left: number;
  /** Until one more is left, milliseconds. */
  readonly moreInMs: number;
}

/** @param now milliseconds since the epoch */
export function rateOf({ rule, limit, left, nextFreedAt, opensAt }: QuotaUsage, now: number): Rate {
  const { name, windowMs } = rule;
  return { name, limit, windowMs, left, moreInMs: (left > 0 ? nextFreedAt : opensAt) - now };
}

export type RateLimitHeaders = Record<'RateLimit-Policy' | 'RateLimit', string>;

/**
 * Lists of structured fields as in draft-ietf-httpapi-ratelimit-headers-10 (sections 3 and 4): `q` quota, `w` window,
 * `r` left, `t` seconds until the next one comes free.
 */
export function rateLimitHeaders(rates: readonly Rate[]): RateLimitHeaders {
  const policies = rates.map(
    ({ name, limit, windowMs }) => `"${name}";q=${limit};w=${seconds(windowMs)}`,
  );
  const states = rates.map(
    ({ name, left, moreInMs }) => `"${name}";r=${left};t=${seconds(moreInMs)}`,
  );
  return { 'RateLimit-Policy': policies.join(', '), RateLimit: states.join(', ') };
}

/** Adds rates to those that the headers have. */
export function addRateLimit(headers: Record<string, string>, added: RateLimitHeaders): void {
  for (const [name, value] of Object.entries(added)) {
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
}

function seconds(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000));
}
