import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Scrubber } from '../gewe/scrub.ts';
import { isCommon } from '../gewe/spellings.ts';
import { credentialOf, type Credential } from '../http/credentials.ts';
import { beginScope, type Headers } from '../http/request-scope.ts';
import type { ClientDirectory } from '../settings/client.ts';
import type { Clock } from '../time.ts';

interface IdentifyParts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly scrubber: Pick<Scrubber, 'holds'>;
  /** Undefined on the ops listener, which has no clients. */
  readonly clients?: Pick<ClientDirectory, 'find'>;
}

/**
 * Opens the request's scope: its id, its start, its credential, and the format of its refusals, some of which
 * come before authentication.
 */
export function identify({ clock, scrubber, clients }: IdentifyParts): RequestHandler {
  return (req, res, next) => {
    const { headers } = req;
    const credential = credentialOf(headers);
    const holdsSecret = (text: string) => holdsKey(text, credential) || scrubber.holds(text);
    const repeatable = (text: string | undefined) =>
      text === undefined || holdsSecret(text) ? undefined : text;
    const trace = {
      requestId: repeatable(wellFormedId(headers['x-request-id'])) ?? randomUUID(),
      traceparent: repeatable(validTraceparent(headers['traceparent'])),
    };
    const keyOwner = credential && clients?.find(credential.key);
    // Callers of the ops listener do not expect GEWE's format.
    const usesGeweHeader = clients !== undefined && credential?.place === 'x-gewe-token';
    beginScope(res, {
      trace,
      startedAt: clock.monotonic(),
      credential,
      refusalFormat: keyOwner?.errors ?? (usesGeweHeader ? 'gewe' : 'http'),
      holdsSecret,
      headers: { 'X-Request-Id': trace.requestId } satisfies Headers,
    });
    next();
  };
}

function holdsKey(text: string, credential: Credential | undefined): boolean {
  if (credential === undefined) return false;
  return isCommon(credential.key) ? text === credential.key : text.includes(credential.key);
}

/** Short, and only of characters that break neither a log line nor a header. */
function wellFormedId(id: string | string[] | undefined): string | undefined {
  return typeof id === 'string' && /^[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}$/.test(id)
    ? id
    : undefined;
}

/** W3C Trace Context, section 3.2.2: version 00, ids not all zero. */
function validTraceparent(value: string | string[] | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  const parts = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(value);
  if (parts === null) return undefined;
  return parts.slice(1).some((id) => /^0+$/.test(id ?? '')) ? undefined : value;
}
