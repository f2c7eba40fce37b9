import { Refusal, retryAfter } from '../errors.ts';
import type { Credential } from '../http/credentials.ts';
import type { Client, ClientDirectory } from '../settings/client.ts';
import type { Caller } from './caller.ts';
import type { Issuers, TokenVerdict } from './issuers/issuers.ts';
import { SESSION_PREFIX } from './session-token.ts';
import type { Sessions } from './sessions.ts';
import type { TokenFault } from './token-fault.ts';

export interface Authenticator {
  /**
   * Whose credential this is: a client's key, a session token, or a token of an identity provider, in this order. Only
   * tokens take time. Throws, or rejects with, a Refusal.
   */
  authenticate(credential: Credential | undefined): Caller | Promise<Caller>;
}

interface AuthenticatorParts {
  readonly clients: Pick<ClientDirectory, 'find' | 'byName'>;
  readonly sessions: Pick<Sessions, 'verify'>;
  readonly issuers: Pick<Issuers, 'verify'>;
  /** The client of all other callers; undefined if a credential is required. */
  readonly anonymous: Client | undefined;
}

export function createAuthenticator(parts: AuthenticatorParts): Authenticator {
  const { clients, sessions, issuers } = parts;
  const anonymous: Caller | undefined = parts.anonymous && { client: parts.anonymous };
  // One object for each client: requests with a key then allocate none.
  const callers = new WeakMap<Client, Caller>();

  function callerOf(client: Client): Caller {
    const known = callers.get(client);
    if (known !== undefined) return known;
    const caller = { client };
    callers.set(client, caller);
    return caller;
  }

  async function bySession(token: string): Promise<Caller> {
    const verdict = await sessions.verify(token);
    if (verdict.kind === 'valid') return verdict.caller;
    if (anonymous !== undefined) return anonymous;
    throw unauthenticated(verdict.reason);
  }

  async function byIssuer(verdict: Promise<TokenVerdict>): Promise<Caller> {
    const token = await verdict;
    switch (token.kind) {
      case 'valid': {
        const { subject, grant } = token;
        const client = clients.byName(token.client)?.client;
        if (client === undefined) throw unauthenticated('revoked');
        return { client, subject, grant, session: subject };
      }
      case 'rejected':
        if (anonymous !== undefined) return anonymous;
        throw unauthenticated(token.reason);
      case 'forbidden':
        throw new Refusal('operation-not-allowed', token.detail);
      case 'unavailable':
        throw issuerUnavailable(token.retryAfterMs);
      default:
        return token satisfies never;
    }
  }

  return {
    authenticate(credential) {
      if (credential === undefined) {
        if (anonymous !== undefined) return anonymous;
        throw unauthenticated('missing');
      }
      const { key } = credential;
      const client = clients.find(key);
      if (client !== undefined) return callerOf(client);
      if (key.startsWith(SESSION_PREFIX)) return bySession(key);
      const verdict = issuers.verify(key);
      if (verdict !== undefined) return byIssuer(verdict);
      if (anonymous !== undefined) return anonymous;
      throw unauthenticated(JWT.test(key) ? 'unknown-issuer' : 'unknown-credential');
    },
  };
}

/** A 401 would log everybody out. */
function issuerUnavailable(retryAfterMs: number): Refusal {
  return new Refusal(
    'issuer-unavailable',
    'The gateway has no keys of the identity provider to verify the token with. Send the request again later, with the same token.',
    { headers: retryAfter(retryAfterMs) },
  );
}

/** Why nobody is let in. */
export type AuthenticationFault = TokenFault | 'missing' | 'unknown-credential' | 'unknown-issuer';

/** The header of a JWT, as JSON in base64url, begins with these letters. */
const JWT = /^e[yw][\w-]*\.[\w-]+\.[\w-]*$/;

const DETAILS: Readonly<Record<AuthenticationFault, string>> = {
  missing:
    'Send a key of this gateway: Authorization: Bearer KEY, X-API-Key: KEY, or X-GEWE-TOKEN: KEY.',
  'unknown-credential':
    "The gateway does not know this key. It may have been revoked. GEWE's token is not a key.",
  'unknown-issuer':
    'No issuer of the clients file has the `iss` of this token, letter for letter, a slash at the end included.',
  malformed: 'This is not a whole token. It may have been cut off.',
  algorithm: 'The token is signed with an algorithm that is not accepted.',
  signature: 'The signature of the token is wrong.',
  expired: 'The token has expired. Get a new one.',
  'not-yet-valid': 'The token is not valid yet. The clock of its issuer may be ahead.',
  audience: 'The token is for another audience.',
  'unknown-key':
    'The token is signed with a key that the gateway does not know or no longer accepts.',
  claims: 'The token lacks a claim that is required, or has one that is wrong.',
  revoked:
    'The session has been ended, or its client or the key that made it is gone. Get a new token.',
};

/** For the people behind a page. A key is no business of theirs. */
const TOKEN_MSG = '登录凭证无效或已过期，请重新登录';

/** The refusal of a credential, with its challenge (RFC 6750 section 3). It never repeats the credential. */
function unauthenticated(reason: AuthenticationFault): Refusal {
  const detail = DETAILS[reason];
  // Without a credential, no error may be named (RFC 6750 section 3.1).
  const error =
    reason === 'missing' ? '' : `, error="invalid_token", error_description="${reason}"`;
  const isToken = reason !== 'missing' && reason !== 'unknown-credential';
  return new Refusal('unauthenticated', detail, {
    ...(isToken && { msg: TOKEN_MSG }),
    members: { reason },
    headers: { 'WWW-Authenticate': `Bearer realm="gewe-gateway"${error}` },
  });
}
