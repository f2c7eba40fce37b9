import { isIP } from 'node:net';

/**
 * The address of a caller: the farthest one that a trusted proxy vouches for. Express's own `req.ip` takes each entry
 * of X-Forwarded-For as it is written. If a proxy adds the port (as those of Azure do), every connection would count as
 * a different caller, and a trusted proxy would not be recognised. Pure.
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
    // `unknown`, `unix:` and made-up entries are no addresses: then the proxy that sent the entry counts as the caller.
    if (isIP(address) !== 0) caller = address;
  }
  return caller;
}

/** The address in `203.0.113.9:40001`, `[2001:db8::1]` and `[2001:db8::1]:443`. */
function plainAddress(entry: string): string {
  if (isIP(entry) !== 0) return entry;
  return entry.replace(/:\d{1,5}$/, '').replace(/^\[(.*)\]$/, '$1');
}
