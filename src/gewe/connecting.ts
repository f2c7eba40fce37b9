import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** What a test changes about how connections are made. */
export interface Connecting {
  /** What turns the upstream's name into addresses. */
  readonly lookup?: LookupFunction;
  /** How long one of several addresses is tried before the next, milliseconds. */
  readonly addressTimeoutMs?: number;
}

/** For all addresses together. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * How long one of several addresses is tried. Node's default is 250 ms, and it does not come back to an address. This
 * leaves time to send a lost first packet again after a second (RFC 6298 section 2.1). If one address drops everything,
 * a list from the next one is still in time.
 */
const ADDRESS_TIMEOUT_MS = 1_500;

/** The `connect` options of undici. No address gets so long that the next one has no time left. */
export function connectOptions(
  shortestDeadlineMs: number,
  { lookup = systemLookup, addressTimeoutMs = ADDRESS_TIMEOUT_MS }: Connecting = {},
) {
  const timeoutMs = Math.ceil(Math.min(addressTimeoutMs, shortestDeadlineMs / 2));
  return { timeout: CONNECT_TIMEOUT_MS, lookup, autoSelectFamilyAttemptTimeout: timeoutMs };
}
