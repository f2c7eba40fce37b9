import { isIP } from 'node:net';

/**
 * Whom a request comes from: the farthest address that a trusted proxy vouches for. Express's own `req.ip` takes an entry
 * of X-Forwarded-For as it is written, so where a proxy writes the port too (as those of Azure do), each connection would
 * be another caller, and a proxy with a port would be trusted no more. Pure.
 *
 * @param peer the other end of the connection
 * @param trusts Express's `trust proxy`; `hop` counts from the peer
 */
export function callerAddress(
  peer: string,
  forwardedFor: string | undefined,
  trusts: (address: string, hop: number) => boolean,
): string {
  let caller = peer;
  let address = peer;
  const entries = (forwardedFor ?? '').split(',').map((entry) => entry.trim());
  const nearestFirst = entries.filter((entry) => entry !== '').reverse();
  for (const [hop, entry] of nearestFirst.entries()) {
    if (!trusts(address, hop)) break;
    address = plainAddress(entry);
    // `unknown`, `unix:` or what a caller made up names nobody: then it is whoever passed that on.
    if (isIP(address) !== 0) caller = address;
  }
  return caller;
}

/** `203.0.113.9:40001`, `[2001:db8::1]` and `[2001:db8::1]:443` without what is not the address. */
function plainAddress(entry: string): string {
  if (isIP(entry) !== 0) return entry;
  return entry.replace(/:\d{1,5}$/, '').replace(/^\[(.*)\]$/, '$1');
}
