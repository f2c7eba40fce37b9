import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { isLoopback } from './secrets.ts';

/** Where one of the gateway's listeners is. */
export interface ListenAddress {
  readonly host: string;
  /** 0 for a port that the system picks. */
  readonly port: number;
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** How hosts are compared: without the brackets of a URL, a final dot, or the IPv6 way to write an IPv4 address. */
function plain(host: string): string {
  const text = host.replace(/^\[|\]$|\.$/g, '').toLowerCase();
  const [, high = '', low = ''] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text) ?? [];
  if (high === '') return text.replace(/^::ffff:(?=\d+\.)/, '');
  const bytes = Buffer.from(high.padStart(4, '0') + low.padStart(4, '0'), 'hex');
  return [...bytes].join('.');
}

function isThisMachine(host: string): boolean {
  return (
    isLoopback(host) || host.endsWith('.localhost') || WILDCARDS.has(host) || isOwnAddress(host)
  );
}

function isOwnAddress(host: string): boolean {
  if (isIP(host) === 0) return false;
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some(({ address }) => address === host);
}

/** Whether a call to `url` would reach what listens there. Only by what is written: no name is looked up. */
export function leadsTo(url: URL, { host, port }: ListenAddress): boolean {
  const urlPort = Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port);
  // Nobody knows beforehand which port the system picks.
  if (port === 0 || port !== urlPort) return false;
  const [called, listening] = [plain(url.hostname), plain(host)];
  if (called === listening) return true;
  if (!isThisMachine(called) || !isThisMachine(listening)) return false;
  // Two addresses of this machine are two places, such as 127.0.0.1 and 127.0.0.2, unless one stands for all of them.
  const areAddresses = isIP(called) !== 0 && isIP(listening) !== 0;
  return !areAddresses || WILDCARDS.has(called) || WILDCARDS.has(listening);
}
