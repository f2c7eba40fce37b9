/**
 * The settings, complete: after this there is no default and no environment. Durations are milliseconds and sizes
 * bytes unless the name says otherwise; instants are milliseconds since the epoch.
 */
import { isLoopback } from './addresses.ts';
import type { Environment } from './env.ts';
import type { Policy } from './policy.ts';

export type Settings = Readonly<ReturnType<typeof toSettings>>;
export type ListSettings = Settings['list'];
export type BreakerSettings = Settings['breaker'];
export type LogLevel = Settings['logLevel'];
export type LogFormat = Settings['logFormat'];

/** Joins the environment with the policy file. */
export function toSettings(
  { settings, list }: Environment,
  /** The required variable, once it is known to be there. */
  geweBaseUrl: URL,
  policy: Policy,
  clientsFile: string | undefined,
) {
  return {
    ...settings,
    geweBaseUrl,
    ...policy,
    list: { ...list, ...policy.list },
    journal: {
      ...policy.journal,
      // Redis keeps it in memory.
      maxRows:
        policy.journal.maxRows ?? (/^rediss?:/i.test(settings.storeUrl) ? 100_000 : 1_000_000),
    },
    /** The clients file to read and watch, an absolute path; undefined if there is none. */
    clientsFile,
  };
}

/** Settings that are allowed but rarely meant, one sentence each. */
export function warningsOf(settings: Settings): string[] {
  const warnings: string[] = [];
  if (settings.auth === 'none') {
    warnings.push('GATEWAY_AUTH is none: anyone who reaches the gateway may use every account.');
  }
  const { protocol, hostname } = settings.geweBaseUrl;
  if (protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, ''))) {
    warnings.push('GEWE_BASE_URL is http: the token crosses the network in clear text.');
  }
  if (settings.storeUrl === 'memory:') {
    warnings.push('STORE_URL is memory: saved lists and used quotas are lost at every restart.');
  }
  if (settings.list.hardLimitMs < settings.list.deadlineMs) {
    warnings.push(
      'LIST_HARD_LIMIT_MS is below LIST_DEADLINE_MS: slow calls end before callers do.',
    );
  }
  const { mode } = settings.addContacts.accountAge;
  if (mode !== 'block') {
    warnings.push(`addContacts.accountAge.mode is ${mode}: young accounts may be restricted.`);
  }
  return warnings;
}
