import { isLoopback } from './secrets.ts';
import type { Settings } from './settings.ts';

/** What is allowed and yet rarely meant, one sentence each. */
export function warningsOf(settings: Settings): string[] {
  const warnings: string[] = [];
  if (settings.auth === 'none') {
    warnings.push('GATEWAY_AUTH is none: whoever reaches the gateway may use every account.');
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
  if (settings.addContacts.accountAge.mode !== 'block') {
    const { mode } = settings.addContacts.accountAge;
    warnings.push(`addContacts.accountAge.mode is ${mode}: young accounts may be restricted.`);
  }
  return warnings;
}
