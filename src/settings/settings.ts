/**
 * What the gateway is told before it starts, complete: after this there is no default and no environment.
 * Durations are milliseconds and sizes bytes unless the name says otherwise; instants are milliseconds since the epoch.
 */
import type { AddContactsPolicy } from '../add-contacts/policy.ts';

export interface Settings {
  /** All before `/contacts`, without a trailing slash in its path. */
  readonly geweBaseUrl: URL;
  readonly geweTimeoutMs: number;
  readonly answerLimitBytes: number;
  readonly host: string;
  readonly port: number;
  readonly opsHost: string;
  readonly opsPort: number;
  readonly auth: 'keys' | 'none';
  /** The clients file to read and watch; undefined where there is none. */
  readonly clientsFile: string | undefined;
  readonly storeUrl: string;
  readonly bodyLimitBytes: number;
  /** As Express takes it: `undefined` trusts no proxy. */
  readonly trustProxy: string | number | boolean | undefined;
  readonly logLevel: LogLevel;
  readonly shutdownGraceMs: number;
  readonly list: ListSettings;
  readonly breaker: BreakerSettings;
  readonly addContacts: AddContactsPolicy;
  /** For clients whose entry says nothing. */
  readonly clientRequestsPerMinute: number;
  /** Since when accounts are online, by the policy file. */
  readonly accounts: ReadonlyMap<string, number>;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface ListSettings {
  readonly deadlineMs: number;
  readonly cacheDeadlineMs: number;
  readonly hardLimitMs: number;
  readonly pollMs: number;
  readonly freshForMs: number;
  readonly memoryBytes: number;
  readonly maxCallsUnderWay: number;
}

export interface BreakerSettings {
  readonly failures: number;
  readonly windowMs: number;
  readonly probeEveryMs: number;
}

export interface Secrets {
  /** The upstream token itself, or the file that holds it. */
  readonly token: { readonly value: string } | { readonly file: string };
  readonly opsToken: string | undefined;
  /** `GATEWAY_KEYS`: clients with every right. */
  readonly keys: readonly { readonly name: string; readonly key: string }[];
}
