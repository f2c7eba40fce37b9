/**
 * Variables that are addresses. Each message is the end of a sentence that starts with the variable's name. None
 * repeats the value: an address can contain a password.
 */
import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { z } from 'zod';

type Report = (problem: string) => never;

/** A zod schema from a function that turns text into a value, or reports what is wrong with it. */
function parsedBy<T>(parse: (text: string, report: Report) => T): z.ZodType<T> {
  return z.string().transform((text, context): T => {
    const report = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    return parse(text, report);
  });
}

/** Everything before `/contacts`; trailing slashes are dropped. */
export const baseUrl = parsedBy<URL>((text, report) => {
  if (!/^https?:\/\//i.test(text)) return report('must start with http:// or https://');
  const url = /[\s\\]/.test(text) ? null : URL.parse(text);
  if (url === null) return report('is not a URL');
  if (url.username !== '' || url.password !== '') {
    return report('must not contain a user name or a password');
  }
  if (text.includes('?')) return report('must not have a query (everything from the ? on)');
  if (text.includes('#')) return report('must not have a fragment (everything from the # on)');
  url.pathname = url.pathname.replace(/\/+$/, '');
  if (/\/contacts$/i.test(url.pathname)) {
    return report('must not end in /contacts, which the gateway adds by itself');
  }
  return url;
});

/** An origin. Browsers send it in exactly one spelling, so only that one can match. */
export const exactOrigin = z
  .string()
  .refine(
    (text) => /^https?:\/\/[^*]+$/.test(text) && URL.parse(text)?.origin === text,
    'must be an origin as browsers send it, such as https://crm.example.com: lower case, no path, no usual port, no *',
  );

/** Where to listen: a name or an IP address, without a port. */
export const listenHost = parsedBy<string>((text, report) => {
  if (isIP(text) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text)) return text;
  if (/^\[.*\]$/.test(text)) return report('must be written without the brackets');
  return report('must be a host name or an IP address, without a scheme and without a port');
});

/** The names of address ranges that Express knows (package proxy-addr). */
const RANGES = new Set(['loopback', 'linklocal', 'uniquelocal']);

function isProxy(part: string): boolean {
  if (RANGES.has(part)) return true;
  const [address = '', bits, ...rest] = part.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (bits === undefined) return true;
  // A range of all addresses would be `true` by another name.
  return /^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}

/** A value for Express's `trust proxy`, but never `true`. */
export const trustedProxies = parsedBy<string | number | false>((text, report) => {
  if (text === 'false') return false;
  if (text === 'true') {
    return report('must not be true: any caller could then claim any address in X-Forwarded-For');
  }
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every(isProxy)) return parts.join(', ');
  return report('must be a number of proxies, or a comma list of IP addresses and ranges');
});

/** Only what the Redis client uses: it would ignore a query or a longer path without a word. */
function isRedisUrl(text: string): boolean {
  const url = /[\s\\]/.test(text) ? null : URL.parse(text);
  if (url === null || url.hostname === '') return false;
  if (!/^(?:\/\d{0,5})?$/.test(url.pathname) || /[?#]/.test(text)) return false;
  try {
    decodeURIComponent(url.username + url.password);
    return true;
  } catch {
    return false;
  }
}

/** A URL that `openStores` can open. Checked by its form alone. */
export const storeUrl = parsedBy<string>((text, report) => {
  if (text === 'memory:') return text;
  if (/^sqlite:./.test(text) && text !== 'sqlite::memory:') return text;
  if (/^rediss?:/.test(text)) {
    if (isRedisUrl(text)) return text;
    return report(
      'must look like redis://user:password@host:6379/0, where everything but the host is optional (rediss:// for TLS; write every character of a password that is not a letter or a digit as %XX)',
    );
  }
  return report('must be memory:, sqlite:PATH, redis://HOST or rediss://HOST');
});

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine can reach a listener on `host`. */
export function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Whether what comes from this URL can be trusted to come from its host: https, or http on this machine. A user name, a
 * password or a fragment rules it out.
 */
export function isHttpsOrLoopback(text: string): boolean {
  const url = /^https?:\/\/[^\s\\#]+$/i.test(text) ? URL.parse(text) : null;
  if (url === null || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || isLoopback(url.hostname.replace(/^\[|\]$/g, ''));
}

/** Where one of the gateway's listeners is. */
export interface ListenAddress {
  readonly host: string;
  /** 0 for a port that the system picks. */
  readonly port: number;
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** A host in the form used to compare: without the brackets of a URL, a final dot, or the IPv6 form of an IPv4 address. */
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

/** Whether a call to `url` would reach this listener. Judged by the text alone: no name is looked up. */
export function leadsTo(url: URL, { host, port }: ListenAddress): boolean {
  const urlPort = Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port);
  // A port that the system picks is not known yet.
  if (port === 0 || port !== urlPort) return false;
  const [called, listening] = [plain(url.hostname), plain(host)];
  if (called === listening) return true;
  if (!isThisMachine(called) || !isThisMachine(listening)) return false;
  // Two addresses of this machine, such as 127.0.0.1 and 127.0.0.2, are different unless one of them means all.
  const areAddresses = isIP(called) !== 0 && isIP(listening) !== 0;
  return !areAddresses || WILDCARDS.has(called) || WILDCARDS.has(listening);
}
