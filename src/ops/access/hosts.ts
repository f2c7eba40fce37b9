/** Which hosts and origins are the ops listener's own. Pure. */
import { isIP } from 'node:net';

/**
 * Whether the ops listener answers to this `Host`. The owner of a web page can let its host name point to this machine
 * (DNS rebinding); the browser then takes both for one origin. That cannot be done with an IP address, a loopback name,
 * or the name that the operator set.
 *
 * @param host as it came; the listener has made sure that it is well-formed
 * @param opsOrigin `OPS_ORIGIN`
 */
export function isOwnHost(host: string, opsOrigin: string | undefined): boolean {
  const [, name = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host.toLowerCase()) ?? [];
  return isAddress(name) || LOOPBACK_NAME.test(name) || isHostOf(opsOrigin, name, port);
}

/** Browsers find these on their own machine, whatever DNS says (RFC 6761 section 6.3). */
const LOOPBACK_NAME = /^(?:[a-z0-9_-]+\.)*localhost$/;

function isAddress(name: string): boolean {
  const [, inBrackets] = /^\[([0-9a-f:.]+)\]$/.exec(name) ?? [];
  return inBrackets === undefined ? isIP(name) === 4 : isIP(inBrackets) === 6;
}

/** Browsers leave out the usual port of a scheme, other programs may not. */
function isHostOf(origin: string | undefined, name: string, port: string | undefined): boolean {
  if (origin === undefined) return false;
  const { protocol, hostname, port: itsPort } = new URL(origin);
  const usual = protocol === 'https:' ? '443' : '80';
  return name === hostname && (port ?? usual) === (itsPort || usual);
}

export interface Address {
  readonly isOverTls: boolean;
  /** The `Host` of the request. */
  readonly host: string;
}

/**
 * Whether a page of this origin is the ops listener's own. With a proxy in front, browsers see `OPS_ORIGIN`, and the
 * request itself may have another scheme and host.
 */
export function isOwnOrigin(
  origin: string | undefined,
  { isOverTls, host }: Address,
  opsOrigin: string | undefined,
): boolean {
  if (origin === undefined) return false;
  if (origin === opsOrigin) return true;
  return URL.parse(`${isOverTls ? 'https' : 'http'}://${host}`)?.origin === origin;
}

interface Called {
  readonly method: string;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site` and `Sec-Fetch-Mode`. */
  readonly site: string | undefined;
  readonly mode: string | undefined;
}

/**
 * Whether a page of another origin makes this call. Following a link is no call of the page that has it (the resource
 * isolation policy of Fetch Metadata).
 */
export function isForeignCall(
  { method, origin, site, mode }: Called,
  address: Address,
  opsOrigin: string | undefined,
): boolean {
  const isLink = method === 'GET' && mode === 'navigate';
  // Browsers send Sec-Fetch-Site only to https and loopback addresses. Elsewhere only Origin is known.
  if (site !== undefined) return site !== 'same-origin' && site !== 'none' && !isLink;
  return origin !== undefined && !isOwnOrigin(origin, address, opsOrigin);
}

/** Methods that change nothing (RFC 9110 section 9.2.1). TRACE is not needed here. */
export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
