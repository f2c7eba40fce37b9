import type { Outcome } from './outcome.ts';

/** Codes that come without a syscall and yet from nothing but a connection that was never made. */
const NO_CONNECTION: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** What precedes a connection. The same codes also come from reading and writing on one, where they prove nothing. */
const CONNECTING: ReadonlySet<string> = new Set(['getaddrinfo', 'bind', 'connect']);

/** undici ends the connection at an interim answer that it has not asked for, and says so in these words alone. */
const UNDICI_GIVES_UP_AT: ReadonlyMap<string, string> = new Map([
  ['bad response', '100 Continue'],
  ['bad upgrade', '101 Switching Protocols'],
]);

/**
 * What an error before the answer's body means. `sent` is false only where the error proves that no byte of the
 * request can have reached the upstream: a charge is given back on no weaker evidence.
 */
export function outcomeOfError(cause: unknown): Outcome {
  const code = codeOf(cause);
  // Something answered, but not in HTTP: llhttp's codes, and undici's error that has none of them.
  const isNotHttp = code.startsWith('HPE_') || (cause as Error | null)?.name === 'HTTPParserError';
  if (isNotHttp || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return { kind: 'invalid', why: 'an answer that is not HTTP' };
  }
  if (code === 'UND_ERR_SOCKET') {
    const name = UNDICI_GIVES_UP_AT.get((cause as Error).message);
    if (name !== undefined) return interimAnswer(name);
  }
  return provesNoConnection(cause) ? neverSent(cause) : { kind: 'unreachable', sent: true, cause };
}

function provesNoConnection(cause: unknown): boolean {
  const { errors, syscall } = (cause ?? {}) as { errors?: unknown; syscall?: unknown };
  // What became of each address of a host that has several. The error around them has the first one's code.
  if (Array.isArray(errors)) return errors.length > 0 && errors.every(provesNoConnection);
  return typeof syscall === 'string' ? CONNECTING.has(syscall) : NO_CONNECTION.has(codeOf(cause));
}

/** The empty string for an error without one; a DOMException has a number. */
function codeOf(cause: unknown): string {
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** For where it is proven in another way than by the error. */
export function neverSent(cause: unknown): Outcome {
  return { kind: 'unreachable', sent: false, cause };
}

/** For a call that was sent before, on a connection that was lost: whatever becomes of this one, that may have arrived. */
export function afterAnother(outcome: Outcome): Outcome {
  return 'sent' in outcome ? { ...outcome, sent: true } : outcome;
}

/**
 * An answer that announces another one (RFC 9110 section 15.2), from which there is no way to that one.
 *
 * @param name its status, such as `100 Continue`
 */
export function interimAnswer(name: string): Outcome {
  return {
    kind: 'invalid',
    why: `an interim answer (${name}) that the gateway cannot read past`,
    status: Number.parseInt(name, 10),
  };
}
