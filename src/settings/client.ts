/** One who may call, from the clients file or `GATEWAY_KEYS`. */
export interface Client {
  readonly name: string;
  /** Patterns of appIds, `*` for any run of characters. */
  readonly appIds: readonly string[];
  /** `read`, `write`, `all`, or names of operations. */
  readonly operations: readonly string[];
  readonly requestsPerMinute: number;
  /** How its refusals look; undefined: by where it shows its key. */
  readonly errors: 'http' | 'gewe' | undefined;
  /** Origins of browsers that may call with its keys. */
  readonly origins: readonly string[];
}

/** Who calls, found by the key that was shown. */
export interface ClientDirectory {
  /** Compares in constant time over hashes. */
  find(key: string): Client | undefined;
  /** Whether any client lists this origin: a CORS preflight shows no key. */
  knowsOrigin(origin: string): boolean;
}

/** Who everybody is where the gateway serves every caller. No browser's origin: any web page could call then. */
export function anonymousClient(requestsPerMinute: number): Client {
  return {
    // No client of a file can have this name.
    name: '(anonymous)',
    appIds: ['*'],
    operations: ['all'],
    requestsPerMinute,
    errors: undefined,
    origins: [],
  };
}
