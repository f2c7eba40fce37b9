import { isIP } from 'node:net';
import { z } from 'zod';

/**
 * Variables that are addresses. Their messages are the end of a sentence that starts with the variable's name, and
 * never repeat what was given: an address can hold a password.
 */

type Report = (problem: string) => never;

/** A zod schema out of a function from text to value that reports what is wrong. */
function parsedBy<T>(parse: (text: string, report: Report) => T): z.ZodType<T, string> {
  return z.string().transform((text, context): T => {
    const report = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    return parse(text, report);
  });
}

/** All before `/contacts`; trailing slashes are dropped. */
export const baseUrl = parsedBy<URL>((text, report) => {
  if (!/^https?:\/\//i.test(text)) return report('must start with http:// or https://');
  const url = /[\s\\]/.test(text) ? null : URL.parse(text);
  if (url === null) return report('is not a URL');
  if (url.username !== '' || url.password !== '') {
    return report('must not hold a user name or a password');
  }
  if (text.includes('?')) return report('must not have a query (all from the ? on)');
  if (text.includes('#')) return report('must not have a fragment (all from the # on)');
  url.pathname = url.pathname.replace(/\/+$/, '');
  if (/\/contacts$/i.test(url.pathname)) {
    return report('must not end in /contacts, which the gateway adds by itself');
  }
  return url;
});

/** Where to listen: a name or an IP address, without a port. */
export const listenHost = parsedBy<string>((text, report) => {
  if (isIP(text) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text)) return text;
  if (/^\[.*\]$/.test(text)) return report('must be written without the brackets');
  return report('must be a host name or an IP address, without a scheme and without a port');
});

/** The names that Express knows for ranges of addresses (package proxy-addr). */
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

/** As Express takes it, but for `true`. */
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

/** What the number of a database is in the path, and nothing that would be left aside without a word. */
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

/** What `openStores` opens. Nothing of it is touched here. */
export const storeUrl = parsedBy<string>((text, report) => {
  if (text === 'memory:') return text;
  if (/^sqlite:./.test(text) && text !== 'sqlite::memory:') return text;
  if (/^rediss?:/.test(text)) {
    if (isRedisUrl(text)) return text;
    return report(
      'must look like redis://user:password@host:6379/0, where all but the host may be left out (rediss:// for TLS; what is not a letter or a digit in a password is written as %XX)',
    );
  }
  return report('must be memory:, sqlite:PATH, redis://HOST or rediss://HOST');
});
