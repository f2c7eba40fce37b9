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
 * Node gives an address up after 250 ms, and for good. This leaves time for a first packet that was lost and is sent
 * again after a second (RFC 6298 section 2.1), and still lets a list from behind an address that drops everything come
 * in time.
 */
const ADDRESS_TIMEOUT_MS = 1_500;

/** What undici takes of it. One address does not use up a short deadline that the next one needs. */
export function connectOptions(
  shortestDeadlineMs: number,
  { lookup = systemLookup, addressTimeoutMs = ADDRESS_TIMEOUT_MS }: Connecting = {},
) {
  const timeoutMs = Math.ceil(Math.min(addressTimeoutMs, shortestDeadlineMs / 2));
  return { timeout: CONNECT_TIMEOUT_MS, lookup, autoSelectFamilyAttemptTimeout: timeoutMs };
}
