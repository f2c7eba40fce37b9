import type { Loaded } from '../settings/load.ts';
import { VERSION } from '../version.ts';

/** What runs here; no secret in it. */
export interface About {
  readonly version: string;
  /** The name of this gateway in its log. With `PORT=0` it has its port once the gateway listens. */
  readonly instance: string;
  /** Origin and path. */
  readonly upstream: string;
  /** `memory`, `sqlite:` and the path, or `redis://host:6379/0` without user and password. */
  readonly store: string;
  readonly tokenFrom: 'GEWE_TOKEN' | 'GEWE_TOKEN_FILE';
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** How many clients are configured now. */
  clientCount(): number;
}

interface AboutParts {
  readonly loaded: Pick<Loaded, 'settings' | 'secrets'>;
  /** Cuts the token out of a text. */
  scrub(text: string): string;
  instance(): string;
  clientNames(): readonly string[];
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

export function createAbout(parts: AboutParts): About {
  const { settings, secrets } = parts.loaded;
  const { origin, pathname } = settings.geweBaseUrl;
  const upstream = `${origin}${pathname === '/' ? '' : pathname}`;
  return {
    version: VERSION,
    get instance() {
      return parts.scrub(parts.instance());
    },
    upstream: parts.scrub(upstream),
    store: parts.scrub(shownStore(settings.storeUrl)),
    tokenFrom: 'file' in secrets.token ? 'GEWE_TOKEN_FILE' : 'GEWE_TOKEN',
    startedAt: parts.startedAt,
    clientCount: () => parts.clientNames().length,
  };
}

/** `STORE_URL` without user and password, and with the port and the database that it leaves out. Pure. */
export function shownStore(storeUrl: string): string {
  if (storeUrl === 'memory:') return 'memory';
  if (!/^rediss?:/i.test(storeUrl)) return storeUrl;
  const { protocol, hostname, port, pathname } = new URL(storeUrl);
  const database = pathname.length > 1 ? pathname : '/0';
  return `${protocol}//${hostname}:${port === '' ? '6379' : port}${database}`;
}
