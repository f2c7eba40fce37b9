import type { QuotaUsage } from './rules.ts';

/**
 * The quotas as RateLimit-Policy and RateLimit, lists of structured fields as in
 * draft-ietf-httpapi-ratelimit-headers-10 (sections 3 and 4): `q` quota, `w` window, `r` left, `t` seconds until
 * the next one comes free.
 */
export function rateLimitHeaders(
  usage: readonly QuotaUsage[],
  now: number,
): { 'RateLimit-Policy': string; RateLimit: string } {
  const seconds = (ms: number) => Math.max(0, Math.ceil(ms / 1000));
  const policy = usage.map(
    ({ rule, limit }) => `"${rule.name}";q=${limit};w=${seconds(rule.windowMs)}`,
  );
  const left = usage.map((one) => {
    const until = one.left > 0 ? one.nextFreedAt : one.opensAt;
    return `"${one.rule.name}";r=${one.left};t=${seconds(until - now)}`;
  });
  return { 'RateLimit-Policy': policy.join(', '), RateLimit: left.join(', ') };
}
